package cloud

import (
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
