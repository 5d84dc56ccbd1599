package players_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

const poolID = "eu-west-1_AbCdEf123"

func newPool(t *testing.T) (*awsfake.Fake, *players.Pool) {
	fake := awsfake.New(t)
	return fake, players.NewPool(idp.NewFromConfig(fake.Config()), poolID)
}

// user is an account as ListUsers describes it in a pool that signs in by
// e-mail: the username is the sub (Cognito developer guide, "Sign-in with email").
func user(n int) types.UserType {
	sub := fmt.Sprintf("sub-%03d", n)
	return types.UserType{
		Username: &sub, Enabled: n%2 == 0, UserStatus: types.UserStatusTypeConfirmed, UserCreateDate: aws.Time(created),
		Attributes: []types.AttributeType{
			{Name: aws.String("email"), Value: aws.String(fmt.Sprintf("p%d@example.com", n))},
			{Name: aws.String("sub"), Value: &sub},
			{Name: aws.String("email_verified"), Value: aws.String("true")},
			{Name: aws.String("nickname"), Value: aws.String("x")},
		},
	}
}

var created = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func TestListFollowsEveryPage(t *testing.T) {
	fake, pool := newPool(t)
	awsfake.On(fake, func(in *idp.ListUsersInput) (*idp.ListUsersOutput, error) {
		switch aws.ToString(in.PaginationToken) {
		case "":
			return &idp.ListUsersOutput{Users: []types.UserType{user(1), user(2)}, PaginationToken: aws.String("2")}, nil
		case "2": // Cognito may send an empty page before the last
			return &idp.ListUsersOutput{PaginationToken: aws.String("3")}, nil
		}
		return &idp.ListUsersOutput{Users: []types.UserType{user(3)}}, nil
	})
	var got []players.Player
	for p, err := range pool.List(t.Context(), players.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	want := []players.Player{
		{Sub: "sub-001", Email: "p1@example.com", Status: "CONFIRMED", Verified: true, Created: created},
		{Sub: "sub-002", Email: "p2@example.com", Status: "CONFIRMED", Enabled: true, Verified: true, Created: created},
		{Sub: "sub-003", Email: "p3@example.com", Status: "CONFIRMED", Verified: true, Created: created},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for range pool.List(t.Context(), players.Query{}) {
		break // who has seen enough asks for no further page
	}
	if n := len(fake.Calls()); n != 4 {
		t.Errorf("%d calls, want 4", n)
	}
}

func TestListEndsWithAnError(t *testing.T) {
	fake, pool := newPool(t)
	awsfake.On(fake, func(in *idp.ListUsersInput) (*idp.ListUsersOutput, error) {
		if in.PaginationToken == nil {
			return &idp.ListUsersOutput{Users: []types.UserType{user(1)}, PaginationToken: aws.String("2")}, nil
		}
		return nil, awsfake.Error{Code: "TooManyRequestsException", Message: "Rate exceeded"}
	})
	var subs []string
	var last error
	for p, err := range pool.List(t.Context(), players.Query{}) {
		last = err
		if err == nil {
			subs = append(subs, p.Sub)
		}
	}
	if !slices.Equal(subs, []string{"sub-001"}) || cloud.KindOf(last) != cloud.Throttled {
		t.Errorf("players %v, error %v", subs, last)
	}
}

func TestDeleteCanBeRunAgain(t *testing.T) {
	fake, pool := newPool(t)
	for answer, want := range map[error]cloud.Kind{
		nil: cloud.Other,
		awsfake.Error{Code: "UserNotFoundException", Message: "User does not exist."}:              cloud.Other,
		awsfake.Error{Code: "NotAuthorizedException", Message: "not authorized", RequestID: "R17"}: cloud.Denied,
	} {
		awsfake.On(fake, func(in *idp.AdminDeleteUserInput) (*idp.AdminDeleteUserOutput, error) {
			return &idp.AdminDeleteUserOutput{}, answer
		})
		if err := pool.Delete(t.Context(), players.Player{Sub: "s"}); cloud.KindOf(err) != want || err == nil != (want == cloud.Other) {
			t.Errorf("%v gave %v", answer, err)
		}
	}
}

// What is done to a pool does nothing where there is none, so that a removal can be run again.
func TestPoolThatIsGone(t *testing.T) {
	fake, pool := newPool(t)
	gone := awsfake.Error{Code: "ResourceNotFoundException", Message: "User pool " + poolID + " does not exist."}
	awsfake.On(fake, func(*idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) { return nil, gone })
	awsfake.On(fake, func(*idp.DeleteUserPoolInput) (*idp.DeleteUserPoolOutput, error) { return nil, gone })
	ctx := t.Context()
	if n, err := pool.Count(ctx); n != 0 || err != nil {
		t.Errorf("Count: %d, %v", n, err)
	}
	if there, err := pool.Exists(ctx); there || err != nil {
		t.Errorf("Exists: %v, %v", there, err)
	}
	if err := pool.Unprotect(ctx); err != nil {
		t.Errorf("Unprotect: %v", err)
	}
	if err := pool.DeletePool(ctx); err != nil {
		t.Errorf("DeletePool: %v", err)
	}
	awsfake.On(fake, func(*idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		return nil, awsfake.Error{Code: "AccessDeniedException", Message: "no"}
	})
	if _, err := pool.Exists(ctx); cloud.KindOf(err) != cloud.Denied {
		t.Errorf("a pool that may not be read counts as gone: %v", err)
	}
}

// notSent are the settings of a pool that UpdateUserPool takes and Unprotect
// leaves out, or changes, each with its reason.
var notSent = map[string]string{
	"DeletionProtection":       "it is what changes",
	"EmailVerificationMessage": "replaced by the template",
	"EmailVerificationSubject": "replaced by the template",
	"SmsVerificationMessage":   "replaced by the template",
}

// UpdateUserPool resets what it is not sent. So everything that a pool can be
// described with, by this version of the SDK, must be sent back.
func TestUnprotectKeepsEverySetting(t *testing.T) {
	described := types.UserPoolType{}
	fill(reflect.ValueOf(&described).Elem(), "pool")
	described.DeletionProtection = types.DeletionProtectionTypeActive
	described.AdminCreateUserConfig.UnusedAccountValidityDays = 0 // the old name of a field of the password policy

	fake, pool := newPool(t)
	awsfake.On(fake, func(*idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		return &idp.DescribeUserPoolOutput{UserPool: &described}, nil
	})
	awsfake.On(fake, func(*idp.UpdateUserPoolInput) (*idp.UpdateUserPoolOutput, error) {
		return &idp.UpdateUserPoolOutput{}, nil
	})
	if err := pool.Unprotect(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := awsfake.Inputs[idp.UpdateUserPoolInput](fake)[0]
	if sent.DeletionProtection != types.DeletionProtectionTypeInactive {
		t.Errorf("protection %s", sent.DeletionProtection)
	}
	got := reflect.ValueOf(sent).Elem()
	for i := range got.NumField() {
		field := got.Type().Field(i)
		if !field.IsExported() || notSent[field.Name] != "" {
			continue
		}
		from := map[string]string{"UserPoolId": "Id", "PoolName": "Name"}[field.Name]
		if from == "" {
			from = field.Name
		}
		before := reflect.ValueOf(described).FieldByName(from)
		if !before.IsValid() {
			t.Errorf("%s is not part of a pool's description: decide what to send", field.Name)
			continue
		}
		if !reflect.DeepEqual(got.Field(i).Interface(), before.Interface()) {
			t.Errorf("%s is sent as %+v, it was %+v", field.Name, got.Field(i).Interface(), before.Interface())
		}
	}

	described.DeletionProtection = types.DeletionProtectionTypeInactive
	if err := pool.Unprotect(t.Context()); err != nil || len(awsfake.Inputs[idp.UpdateUserPoolInput](fake)) != 1 {
		t.Errorf("an unprotected pool was updated: %v", err)
	}
}

// Without a template the single messages are all there is.
func TestUnprotectKeepsTheMessagesOfAnOldPool(t *testing.T) {
	fake, pool := newPool(t)
	awsfake.On(fake, func(*idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		return &idp.DescribeUserPoolOutput{UserPool: &types.UserPoolType{
			Id: aws.String(poolID), DeletionProtection: types.DeletionProtectionTypeActive,
			EmailVerificationMessage: aws.String("Your code is {####}"), EmailVerificationSubject: aws.String("Code"),
			SmsConfiguration: &types.SmsConfigurationType{}, // as pools without SMS are described: refused as an update
		}}, nil
	})
	awsfake.On(fake, func(in *idp.UpdateUserPoolInput) (*idp.UpdateUserPoolOutput, error) {
		if aws.ToString(in.EmailVerificationMessage) == "" || aws.ToString(in.EmailVerificationSubject) == "" || in.SmsConfiguration != nil {
			t.Errorf("sent %+v", in)
		}
		return &idp.UpdateUserPoolOutput{}, nil
	})
	if err := pool.Unprotect(t.Context()); err != nil {
		t.Error(err)
	}
}

// fill sets every field to something that is not its zero value.
func fill(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(created))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(strings.ToLower(name)), reflect.ValueOf(name))
	case reflect.String:
		v.SetString(name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(7)
	}
}
