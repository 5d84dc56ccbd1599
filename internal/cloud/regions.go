package cloud

import (
	"fmt"
	"regexp"
	"strings"
)

// A Place is a region and the city or land where it is.
type Place struct{ Region, Name string }

// String is the place as people read it: "eu-central-1 (Frankfurt)".
func (p Place) String() string { return p.Region + " (" + p.Name + ")" }

// places are AWS's regions with the names that AWS gives them (AWS Account Management
// guide, "AWS Regions"), those of China, of the governments of the United States and of the
// European Sovereign Cloud included.
var places = []Place{
	{"us-east-1", "N. Virginia"}, {"us-east-2", "Ohio"}, {"us-west-1", "N. California"}, {"us-west-2", "Oregon"},
	{"ca-central-1", "Canada"}, {"ca-west-1", "Calgary"}, {"mx-central-1", "Mexico"}, {"sa-east-1", "São Paulo"},
	{"eu-central-1", "Frankfurt"}, {"eu-central-2", "Zurich"}, {"eu-north-1", "Stockholm"}, {"eu-south-1", "Milan"},
	{"eu-south-2", "Spain"}, {"eu-west-1", "Ireland"}, {"eu-west-2", "London"}, {"eu-west-3", "Paris"},
	{"af-south-1", "Cape Town"}, {"il-central-1", "Tel Aviv"}, {"me-central-1", "UAE"}, {"me-south-1", "Bahrain"},
	{"ap-east-1", "Hong Kong"}, {"ap-east-2", "Taipei"}, {"ap-northeast-1", "Tokyo"}, {"ap-northeast-2", "Seoul"},
	{"ap-northeast-3", "Osaka"}, {"ap-south-1", "Mumbai"}, {"ap-south-2", "Hyderabad"}, {"ap-southeast-1", "Singapore"},
	{"ap-southeast-2", "Sydney"}, {"ap-southeast-3", "Jakarta"}, {"ap-southeast-4", "Melbourne"}, {"ap-southeast-5", "Malaysia"},
	{"ap-southeast-6", "New Zealand"}, {"ap-southeast-7", "Thailand"}, {"cn-north-1", "Beijing"}, {"cn-northwest-1", "Ningxia"},
	{"us-gov-east-1", "GovCloud East"}, {"us-gov-west-1", "GovCloud West"}, {"eusc-de-east-1", "Brandenburg"},
}

// regionForm is what all names of regions look like, and those of regions to come will.
var regionForm = regexp.MustCompile(`^[a-z]{2,6}(-[a-z]+){1,2}-[0-9]{1,2}$`)

// areaOf is what a region's name has before its number: "eu-central-".
var areaOf = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-`)

// NoSuchRegionError says that a name cannot be that of a region.
type NoSuchRegionError struct{ Name string }

func (e *NoSuchRegionError) Error() string { return fmt.Sprintf("%q is no AWS region", e.Name) }

// KnownRegion tells whether a region is one of those that this program knows.
// There may be newer ones.
func KnownRegion(region string) bool {
	for _, p := range places {
		if p.Region == region {
			return true
		}
	}
	return false
}

// CheckRegion refuses what no region is called, without asking anybody. A region
// that this program does not know, but may be new, passes. Error: [NoSuchRegionError].
func CheckRegion(region string) error {
	if KnownRegion(region) || regionForm.MatchString(region) {
		return nil
	}
	return &NoSuchRegionError{region}
}

// PlacesLike are the regions that may be meant by a name that none has: the one that is
// written so in other letters, those in a place of that name ("frankfurt", "virginia"), or
// else those that differ in what is behind the area ("eu-central-9", "eu-central-1a").
func PlacesLike(typed string) (like []Place) {
	typed = plain(typed)
	var near []Place
	area := areaOf.FindString(typed + "-")
	for _, p := range places {
		switch {
		case p.Region == typed:
			return []Place{p}
		case len(typed) > 2 && strings.Contains(plain(p.Name), typed):
			like = append(like, p)
		case area != "" && strings.HasPrefix(p.Region, area):
			near = append(near, p)
		}
	}
	if len(like) > 0 {
		return like
	}
	return near
}

// plain is a name as it is typed without thinking: "São Paulo" as "sao-paulo".
func plain(name string) string {
	return strings.NewReplacer(" ", "-", "_", "-", "ã", "a", "ü", "u", ".", "").Replace(strings.ToLower(strings.TrimSpace(name)))
}
