package players

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Count returns about how many accounts the pool has, as Cognito estimates it.
// A pool that does not exist has none.
func (p *Pool) Count(ctx context.Context) (int64, error) {
	pool, err := p.describe(ctx)
	if err != nil || pool == nil {
		return 0, err
	}
	return int64(pool.EstimatedNumberOfUsers), nil
}

// Plan is what a pool has to do with how many players there are.
type Plan struct {
	Accounts int64  // about how many there are, as Cognito estimates it
	Tier     string // LITE, ESSENTIALS or PLUS
	Sender   string // of mails: the ARN of an SES identity, "" for Cognito's own
}

// Plan reads the pool's plan. A pool that does not exist has none.
func (p *Pool) Plan(ctx context.Context) (Plan, error) {
	pool, err := p.describe(ctx)
	if err != nil || pool == nil {
		return Plan{}, err
	}
	return Plan{int64(pool.EstimatedNumberOfUsers), string(pool.UserPoolTier), senderOf(pool)}, nil
}

// Name returns the name that the pool was given, "" where there is no such pool.
func (p *Pool) Name(ctx context.Context) (string, error) {
	pool, err := p.describe(ctx)
	if err != nil || pool == nil {
		return "", err
	}
	return aws.ToString(pool.Name), nil
}

// Exists tells whether the pool is there.
func (p *Pool) Exists(ctx context.Context) (bool, error) {
	there, _, err := p.Protected(ctx)
	return there, err
}

// Sender is the ARN of the SES identity that sends the pool's mails, "" if Cognito
// sends them itself or the pool does not exist.
func (p *Pool) Sender(ctx context.Context) (string, error) {
	pool, err := p.describe(ctx)
	if err != nil || pool == nil {
		return "", err
	}
	return senderOf(pool), nil
}

func senderOf(pool *types.UserPoolType) string {
	if e := pool.EmailConfiguration; e != nil && e.EmailSendingAccount == types.EmailSendingAccountTypeDeveloper {
		return aws.ToString(e.SourceArn)
	}
	return ""
}

// Protected tells whether the pool is there, and whether it is protected against
// deletion.
func (p *Pool) Protected(ctx context.Context) (there, protected bool, err error) {
	pool, err := p.describe(ctx)
	if err != nil || pool == nil {
		return false, false, err
	}
	return true, pool.DeletionProtection == types.DeletionProtectionTypeActive, nil
}

// Protect protects the pool against deletion. Nothing else about the pool
// changes; a pool that does not exist is no error.
func (p *Pool) Protect(ctx context.Context) error {
	return p.protect(ctx, types.DeletionProtectionTypeActive)
}

// Unprotect lifts what [Pool.Protect] sets.
func (p *Pool) Unprotect(ctx context.Context) error {
	return p.protect(ctx, types.DeletionProtectionTypeInactive)
}

func (p *Pool) protect(ctx context.Context, protection types.DeletionProtectionType) error {
	var raw wire
	pool, err := p.describe(ctx, raw.read)
	if err != nil || pool == nil || pool.DeletionProtection == protection {
		return err
	}
	update := sameSettings(pool)
	update.DeletionProtection = protection
	if _, err := p.client.UpdateUserPool(ctx, update, raw.addUnknown); err != nil {
		return fmt.Errorf("change the deletion protection of user pool %s: %w", p.ID, err)
	}
	return nil
}

// DeletePool deletes the pool with all accounts. One that does not exist is no error.
func (p *Pool) DeletePool(ctx context.Context) error {
	_, err := p.client.DeleteUserPool(ctx, &idp.DeleteUserPoolInput{UserPoolId: &p.ID})
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("delete user pool %s: %w", p.ID, err)
	}
	return nil
}

// describe returns nil without an error where there is no such pool.
func (p *Pool) describe(ctx context.Context, options ...func(*idp.Options)) (*types.UserPoolType, error) {
	out, err := p.client.DescribeUserPool(ctx, &idp.DescribeUserPoolInput{UserPoolId: &p.ID}, options...)
	if cloud.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read user pool %s: %w", p.ID, err)
	}
	if out.UserPool == nil {
		return nil, fmt.Errorf("read user pool %s: %w", p.ID, cloud.ErrEmptyAnswer)
	}
	return out.UserPool, nil
}

// sameSettings returns the update that changes nothing. UpdateUserPool sets
// everything that it is not sent back to its default (doc comment of the SDK's
// UpdateUserPool), so all of the description is sent. A test compares the
// fields of the two types, for what a later SDK adds; [wire] adds what this one
// does not know.
func sameSettings(pool *types.UserPoolType) *idp.UpdateUserPoolInput {
	update := &idp.UpdateUserPoolInput{
		UserPoolId:                  pool.Id,
		PoolName:                    pool.Name,
		AccountRecoverySetting:      pool.AccountRecoverySetting,
		AdminCreateUserConfig:       pool.AdminCreateUserConfig,
		AutoVerifiedAttributes:      pool.AutoVerifiedAttributes,
		DeletionProtection:          pool.DeletionProtection,
		DeviceConfiguration:         pool.DeviceConfiguration,
		EmailConfiguration:          pool.EmailConfiguration,
		IssuerConfiguration:         pool.IssuerConfiguration,
		KeyConfiguration:            pool.KeyConfiguration,
		LambdaConfig:                pool.LambdaConfig,
		MfaConfiguration:            pool.MfaConfiguration,
		Policies:                    pool.Policies,
		SmsConfiguration:            pool.SmsConfiguration,
		UserAttributeUpdateSettings: pool.UserAttributeUpdateSettings,
		UserPoolAddOns:              pool.UserPoolAddOns,
		UserPoolTags:                ownTags(pool.UserPoolTags),
		UserPoolTier:                pool.UserPoolTier,
		VerificationMessageTemplate: pool.VerificationMessageTemplate,
	}
	// The old single-message fields may only be sent where no template replaces them.
	if pool.VerificationMessageTemplate == nil {
		update.EmailVerificationMessage = pool.EmailVerificationMessage
		update.EmailVerificationSubject = pool.EmailVerificationSubject
		update.SmsVerificationMessage = pool.SmsVerificationMessage
	}
	update.SmsAuthenticationMessage = pool.SmsAuthenticationMessage
	// A pool that sends no messages may be described with an empty block, which is refused as an update.
	if sms := update.SmsConfiguration; sms != nil && sms.SnsCallerArn == nil {
		update.SmsConfiguration = nil
	}
	if create := update.AdminCreateUserConfig; create != nil && update.Policies != nil && update.Policies.PasswordPolicy != nil {
		// The same validity is described twice; sending both is refused.
		same := *create
		same.UnusedAccountValidityDays = 0
		update.AdminCreateUserConfig = &same
	}
	return update
}

// ownTags leaves out the tags of AWS itself, which nobody else may write: since
// 2026 CloudFormation passes its own to user pools (resource schema, tagging).
func ownTags(tags map[string]string) map[string]string {
	own := maps.Clone(tags)
	maps.DeleteFunc(own, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") })
	return own
}
