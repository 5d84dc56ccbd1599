package cloud_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

func TestCheckRegion(t *testing.T) {
	for _, region := range append(cloud.Regions(), "eusc-de-east-1", "us-gov-west-1", "us-isob-east-1", "eu-central-9", "xx-north-1") {
		if err := cloud.CheckRegion(region); err != nil {
			t.Errorf("%s: %v", region, err)
		}
	}
	for _, name := range []string{"frankfurt", "EU-Central-1", "eu-central", "eu-central-1a", "eu_central_1", "eu-central-1.evil.example", "-1", " eu-west-1"} {
		if _, ok := errors.AsType[*cloud.NoSuchRegionError](cloud.CheckRegion(name)); !ok {
			t.Errorf("%q passes", name)
		}
	}
}

func TestPlacesLike(t *testing.T) {
	for typed, want := range map[string]string{
		"frankfurt":     "[eu-central-1 (Frankfurt)]",
		"EU-Central-1":  "[eu-central-1 (Frankfurt)]",
		"eu_central_1":  "[eu-central-1 (Frankfurt)]",
		"Virginia":      "[us-east-1 (N. Virginia)]",
		"sao paulo":     "[sa-east-1 (São Paulo)]",
		"eu-central-9":  "[eu-central-1 (Frankfurt) eu-central-2 (Zurich)]",
		"eu-central":    "[eu-central-1 (Frankfurt) eu-central-2 (Zurich)]",
		"eu-central-1a": "[eu-central-1 (Frankfurt) eu-central-2 (Zurich)]",
		"moon":          "[]",
	} {
		if got := fmt.Sprint(cloud.PlacesLike(typed)); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
}

// Every region that each account has is one that is known by name.
func TestRegionsAreKnown(t *testing.T) {
	for _, region := range cloud.Regions() {
		if !cloud.KnownRegion(region) {
			t.Errorf("%s has no name", region)
		}
	}
}
