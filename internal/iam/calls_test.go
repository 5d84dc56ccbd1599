package iam_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The caller may do what the program's code calls, all of it and nothing else, with what
// helping players takes beside it.
func TestCallerMayDoWhatTheProgramCalls(t *testing.T) {
	calls := programCalls(t)
	if len(calls) < 40 {
		t.Fatalf("found only %d operations in the code: %v", len(calls), slices.Sorted(maps.Keys(calls)))
	}
	// The sync protocol's stores call without the SDK. What they ask of S3 others call as well.
	calls["dynamodb UpdateItem"] = "../savesync/awsstore/manifests.go"
	needed := map[string]string{} // action to the place that needs it
	for operation, place := range calls {
		for _, action := range authorization(operation) {
			needed[action] = operation + " at " + place
		}
	}
	allowed := every()
	for action, why := range needed {
		if !slices.Contains(allowed, action) {
			t.Errorf("%s is not allowed: %s", action, why)
		}
	}
	for _, action := range allowed {
		if needed[action] == "" {
			t.Errorf("%s is allowed, but nothing in the program calls for it", action)
		}
	}
}

// authorization returns the actions that IAM wants for an operation, "s3
// PutObject" (Service Authorization Reference). Most are called like it.
func authorization(operation string) []string {
	switch operation {
	case "sts GetCallerIdentity", "cognitoidentityprovider ResendConfirmationCode":
		return nil // needs no permission
	case "apigatewayv2 GetApi":
		return []string{"apigateway:GET"} // after the HTTP method
	case "cloudformation CreateChangeSet":
		return []string{"cloudformation:CreateChangeSet", "cloudformation:TagResource"} // stacks are tagged
	case "cognitoidentityprovider UpdateUserPool":
		return []string{"cognito-idp:UpdateUserPool", "cognito-idp:TagResource"} // the tags are sent along
	case "lambda UpdateFunctionConfiguration":
		return []string{"lambda:UpdateFunctionConfiguration", "iam:PassRole"} // the role is sent along
	case "s3 CreateBucket":
		return []string{"s3:CreateBucket", "s3:PutBucketOwnershipControls"} // ownership is sent along
	case "s3 DeleteObjects":
		return []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}
	case "s3 HeadBucket", "s3 ListObjectsV2":
		return []string{"s3:ListBucket"}
	case "s3 HeadObject":
		return []string{"s3:GetObject", "s3:GetObjectVersion"} // which it is where a version is named
	case "s3 GetPublicAccessBlock":
		return []string{"s3:GetBucketPublicAccessBlock"}
	case "s3 ListMultipartUploads":
		return []string{"s3:ListBucketMultipartUploads"}
	case "s3 ListObjectVersions":
		return []string{"s3:ListBucketVersions"}
	case "s3 PutBucketEncryption":
		return []string{"s3:PutEncryptionConfiguration"}
	case "s3 PutBucketLifecycleConfiguration":
		return []string{"s3:PutLifecycleConfiguration"}
	case "s3 PutPublicAccessBlock":
		return []string{"s3:PutBucketPublicAccessBlock"}
	}
	service, name, _ := strings.Cut(operation, " ")
	prefix := map[string]string{"cognitoidentityprovider": "cognito-idp", "cloudwatchlogs": "logs", "costexplorer": "ce", "sesv2": "ses"}[service]
	if prefix == "" {
		prefix = service
	}
	return []string{prefix + ":" + name}
}

// programCalls finds every operation of the SDK that the program's code can
// call, "s3 PutObject", with a place: whoever calls one makes its input.
func programCalls(t *testing.T) map[string]string {
	t.Helper()
	calls := map[string]string{}
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"awsfake", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go"):
			return findInputs(file, calls)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

const services = "github.com/aws/aws-sdk-go-v2/service/"

func findInputs(file string, calls map[string]string) error {
	positions := token.NewFileSet()
	parsed, err := parser.ParseFile(positions, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	imported := map[string]string{} // name in the file to service
	for _, i := range parsed.Imports {
		service, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), services)
		if !ok || strings.Contains(service, "/") {
			continue
		}
		name := path.Base(service)
		if i.Name != nil {
			name = i.Name.Name
		}
		imported[name] = service
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		made, ok := literal.Type.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := made.X.(*ast.Ident)
		operation, isInput := strings.CutSuffix(made.Sel.Name, "Input")
		if ok && isInput && imported[of.Name] != "" {
			calls[imported[of.Name]+" "+operation] = positions.Position(literal.Pos()).String()
		}
		return true
	})
	return nil
}
