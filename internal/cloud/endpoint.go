package cloud

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// services are those that this program calls, by the ids of the SDK.
var services = []string{
	"CloudFormation", "S3", "Lambda", "STS", "IAM", "DynamoDB", "Cognito Identity Provider", "CloudWatch Logs", "ApiGatewayV2", "CloudWatch", "SESv2", "SNS",
}

// Elsewhere tells where requests go in place of AWS, nil if none does: to what
// AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and their like in a profile name,
// as "http://localhost:4566" for all services, "S3 http://localhost:9000" for one.
func Elsewhere(cfg aws.Config) []string {
	var list []string
	if cfg.BaseEndpoint != nil {
		list = append(list, origin(*cfg.BaseEndpoint))
	}
	for _, service := range services {
		if endpoint := endpointOf(cfg, service); endpoint != "" && endpoint != aws.ToString(cfg.BaseEndpoint) {
			list = append(list, service+" "+origin(endpoint))
		}
	}
	return list
}

// noAccount is the number of the account that MiniStack answers for unless it is told
// another (ministack/core/responses.py). It is nobody's account on AWS.
const noAccount = "000000000000"

// StandIn is what answers in AWS's place to the credentials of an identity, as
// [Elsewhere] names it; "" if AWS does. An endpoint alone may lead to AWS all the same,
// as one inside a VPC does: it is the answer that tells, with an account that is none.
func StandIn(cfg aws.Config, id Identity) string {
	if id.Account != noAccount {
		return ""
	}
	return strings.Join(Elsewhere(cfg), ", ")
}

// Cognito is the endpoint that takes the place of Cognito's own, "" if none does.
func Cognito(cfg aws.Config) string {
	return cmp.Or(endpointOf(cfg, "Cognito Identity Provider"), aws.ToString(cfg.BaseEndpoint))
}

// endpointOf is the endpoint that is set for one service alone, or "". The SDK
// looks for it in the same way when it makes the service's client.
func endpointOf(cfg aws.Config, service string) string {
	ctx := context.Background()
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := s.GetIgnoreConfiguredEndpoints(ctx); err == nil && found && ignore {
				return ""
			}
		}
	}
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if endpoint, found, err := s.GetServiceBaseEndpoint(ctx, service); err == nil && found {
				return endpoint
			}
		}
	}
	return ""
}

// origin is scheme and host of an address: the rest may be secret.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an address that cannot be read"
	}
	return u.Scheme + "://" + u.Host
}
