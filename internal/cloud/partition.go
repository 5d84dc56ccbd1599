package cloud

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Partition is the part of AWS that a region belongs to, as ARNs name it: "aws-eusc".
func Partition(region string) string {
	partition, _ := placeOf(region)
	return partition
}

// URLSuffix is what the names of a region's hosts end in: "amazonaws.eu". In
// templates it is AWS::URLSuffix.
func URLSuffix(region string) string {
	_, suffix := placeOf(region)
	return suffix
}

// placeOf asks the SDK's own table of endpoints, by a service that every region
// has. A region that it does not know, and none, are of the partition aws.
func placeOf(region string) (partition, suffix string) {
	e, err := sts.NewDefaultEndpointResolver().ResolveEndpoint(region, sts.EndpointResolverOptions{})
	if err != nil {
		return "aws", "amazonaws.com"
	}
	_, suffix, _ = strings.Cut(e.URL, "."+region+".")
	return e.PartitionID, suffix
}

// Regions lists the regions that every account has, sorted.
func Regions() []string { return slices.Sorted(maps.Keys(enabledByItself)) }

// enabledByItself are the regions that every account has. Those that came after
// March 2019 have to be enabled first (AWS Account Management guide, "Enable or
// disable AWS Regions"); accounts of other partitions have all of theirs.
var enabledByItself = map[string]bool{
	"us-east-1": true, "us-east-2": true, "us-west-1": true, "us-west-2": true, "ca-central-1": true, "sa-east-1": true,
	"eu-central-1": true, "eu-north-1": true, "eu-west-1": true, "eu-west-2": true, "eu-west-3": true,
	"ap-northeast-1": true, "ap-northeast-2": true, "ap-northeast-3": true, "ap-south-1": true, "ap-southeast-1": true, "ap-southeast-2": true,
}

// OptIn tells whether an account has to enable the region before it can be used.
func OptIn(region string) bool { return Partition(region) == "aws" && !enabledByItself[region] }
