package players_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/renpy-cloud/renpyctl/internal/players"
)

// ofTomorrow is a pool with settings that no SDK for Go knows yet, beside known
// ones and within them, and with what cannot be set.
const ofTomorrow = `{"UserPool": {
	"Id": "eu-west-1_AbCdEf123", "Name": "renpy-cloud-dev", "DeletionProtection": "ACTIVE", "CreationDate": 1.5,
	"UserPoolTags": {"owner": "ann", "aws:cloudformation:stack-name": "renpy-cloud-dev"},
	"DcrConfiguration": {"Mode": "OPEN", "Limit": 12345678901234567890},
	"SmsConfiguration": {"EumsSms": {"PoolArn": "arn"}},
	"Policies": {"PasswordPolicy": {"MinimumLength": 8, "Entropy": 40}},
	"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}, {"Name": "admin_only", "Priority": 2, "After": 3}]},
	"SchemaAttributes": [{"Name": "email", "Shape": "new"}],
	"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}}}`

const sentBack = `{
	"UserPoolId": "eu-west-1_AbCdEf123", "PoolName": "renpy-cloud-dev", "DeletionProtection": "INACTIVE",
	"UserPoolTags": {"owner": "ann"},
	"DcrConfiguration": {"Mode": "OPEN", "Limit": 12345678901234567890},
	"SmsConfiguration": {"EumsSms": {"PoolArn": "arn"}},
	"Policies": {"PasswordPolicy": {"MinimumLength": 8, "Entropy": 40}},
	"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}, {"Name": "admin_only", "Priority": 2, "After": 3}]},
	"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}}`

// UpdateUserPool resets what it is not sent, whether the SDK knows it or not.
func TestUnprotectKeepsWhatTheSDKDoesNotKnow(t *testing.T) {
	var got []byte
	cognito := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `{}`
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeUserPool") {
			answer = ofTomorrow
		} else {
			got, _ = io.ReadAll(r.Body)
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer cognito.Close()
	pool := players.NewPool(idp.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &cognito.URL, Credentials: aws.AnonymousCredentials{},
	}), poolID)
	if err := pool.Unprotect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sent, want := generic(t, string(got)), generic(t, sentBack); !reflect.DeepEqual(sent, want) {
		t.Errorf("sent %s", got)
	}
}

func generic(t *testing.T, text string) (v any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
