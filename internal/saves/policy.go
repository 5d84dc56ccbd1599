package saves

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Uploads is what a bucket's policy says of uploads.
type Uploads string

// What a policy may say.
const (
	Allowed  Uploads = "allowed"
	Refused  Uploads = "refused" // by [Bucket.Freeze]
	NoPolicy Uploads = "no policy"
	NoBucket Uploads = "no bucket"
)

// frozen is the id of the statement that refuses uploads.
const frozen = "Frozen"

// policy is a bucket policy whose statements are kept as they are.
type policy struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement statements
}

// statements are a list in JSON, or the only one by itself.
type statements []json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (s *statements) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(b, &list) != nil {
		list = []json.RawMessage{slices.Clone(b)}
	}
	*s = list
	return nil
}

// Says is what a bucket's policy says.
type Says struct {
	Uploads Uploads
	OnlyTLS bool // it refuses requests without TLS
	Public  bool // it lets everybody do something
}

// Policy reads what the bucket's policy says.
func (b *Bucket) Policy(ctx context.Context) (Says, error) {
	p, uploads, err := b.policy(ctx)
	if err == nil && uploads == Allowed && slices.ContainsFunc(p.Statement, isFrozen) {
		uploads = Refused
	}
	return Says{uploads, slices.ContainsFunc(p.Statement, refusesPlain), slices.ContainsFunc(p.Statement, isPublic)}, err
}

// Unpublish takes out of the bucket's policy what lets everybody do something. While
// it is there, S3 takes no other change of the policy of a bucket that is kept from the public.
func (b *Bucket) Unpublish(ctx context.Context) error {
	p, _, err := b.policy(ctx)
	if err != nil || !slices.ContainsFunc(p.Statement, isPublic) {
		return err
	}
	p.Statement = slices.DeleteFunc(p.Statement, isPublic)
	return b.putPolicy(ctx, p)
}

// isPublic recognises a statement that lets everybody do something, whatever its condition.
func isPublic(statement json.RawMessage) bool {
	var s struct {
		Effect    string
		Principal any
	}
	if json.Unmarshal(statement, &s) != nil || s.Effect != "Allow" {
		return false
	}
	if of, ok := s.Principal.(map[string]any); ok {
		s.Principal = of["AWS"]
	}
	list, _ := s.Principal.([]any)
	return s.Principal == "*" || slices.Contains(list, any("*"))
}

// RequireTLS has the bucket's policy refuse requests without TLS.
func (b *Bucket) RequireTLS(ctx context.Context, partition string) error {
	p, says, err := b.policy(ctx)
	if err != nil || says == NoBucket || slices.ContainsFunc(p.Statement, refusesPlain) {
		return err
	}
	p.Version = cmp.Or(p.Version, policyVersion)
	p.Statement = slices.Insert(p.Statement, 0, b.onlyTLS(partition))
	return b.putPolicy(ctx, p)
}

// policyVersion is the version of the language in which policies are written.
const policyVersion = "2012-10-17"

func (b *Bucket) onlyTLS(partition string) json.RawMessage {
	arn := b.arn(partition)
	return json.RawMessage(fmt.Sprintf(`{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*",`+
		`"Resource":["%s","%s/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, arn, arn))
}

func (b *Bucket) arn(partition string) string {
	return fmt.Sprintf("arn:%s:s3:::%s", partition, b.Name)
}

// refusesPlain recognises a statement that denies everybody everything without TLS.
func refusesPlain(statement json.RawMessage) bool {
	var s struct {
		Effect            string
		Principal, Action any
		Condition         struct {
			Bool map[string]any
		}
	}
	return json.Unmarshal(statement, &s) == nil && s.Effect == "Deny" && fmt.Sprint(s.Principal) == "*" && fmt.Sprint(s.Action) == "s3:*" &&
		fmt.Sprint(s.Condition.Bool["aws:SecureTransport"]) == "false"
}

// Freeze refuses every upload from now on, beside what the bucket's policy says
// already. URLs that were handed out stay valid for minutes, and a game that
// writes while the bucket is emptied would keep it from being deleted. A bucket
// that does not exist is no error.
func (b *Bucket) Freeze(ctx context.Context, partition string) error {
	p, says, err := b.policy(ctx)
	if err != nil || says == NoBucket {
		return err
	}
	if says == NoPolicy {
		p.Version = policyVersion
		p.Statement = statements{b.onlyTLS(partition)}
	}
	p.Statement = slices.DeleteFunc(p.Statement, isPublic) // S3 may take no policy with such
	p.Statement = append(slices.DeleteFunc(p.Statement, isFrozen), json.RawMessage(fmt.Sprintf(
		`{"Sid":%q,"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"%s/*"}`, frozen, b.arn(partition))))
	return b.putPolicy(ctx, p)
}

// Thaw takes back what [Bucket.Freeze] has added.
func (b *Bucket) Thaw(ctx context.Context) error {
	p, _, err := b.policy(ctx)
	if err != nil || !slices.ContainsFunc(p.Statement, isFrozen) {
		return err
	}
	p.Statement = slices.DeleteFunc(p.Statement, isFrozen)
	return b.putPolicy(ctx, p)
}

func isFrozen(statement json.RawMessage) bool {
	var s struct{ Sid string }
	return json.Unmarshal(statement, &s) == nil && s.Sid == frozen
}

// policy reads the bucket's policy, which is zero where there is none.
func (b *Bucket) policy(ctx context.Context) (p policy, says Uploads, err error) {
	out, err := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if cloud.Code(err) == "NoSuchBucketPolicy" {
		return policy{}, NoPolicy, nil
	}
	if cloud.IsNotFound(err) {
		return policy{}, NoBucket, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(aws.ToString(out.Policy)), &p)
	}
	if err != nil {
		return policy{}, "", fmt.Errorf("read the policy of bucket %s: %w", b.Name, err)
	}
	return p, Allowed, nil
}

func (b *Bucket) putPolicy(ctx context.Context, p policy) error {
	text, err := json.Marshal(p)
	if err == nil {
		_, err = b.client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
			Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Policy: aws.String(string(text)),
		})
	}
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("change the policy of bucket %s: %w", b.Name, err)
	}
	return nil
}
