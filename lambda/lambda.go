// Package lambda carries the prebuilt zips of the two Lambda functions.
//
// The zips are build products: `make zips` writes them to dist/, from where
// they are embedded. A program compiled before they exist (a fresh clone, `go
// install`) still builds; [Zip] then returns [ErrNotBuilt].
package lambda

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// ErrNotBuilt says that this program was compiled without the Lambda zips.
var ErrNotBuilt = errors.New("this renpyctl was built without the Lambda functions")

// Arch is a Lambda instruction set, as AWS spells it.
type Arch string

// The instruction sets that zips are built for.
const (
	ARM64 Arch = "arm64"
	X8664 Arch = "x86_64"
)

// Arches lists every instruction set that zips are built for.
func Arches() []Arch { return []Arch{ARM64, X8664} }

// Function is one Lambda function of the backend.
type Function struct {
	// Name is what operators type and what ends the deployed function's name: "syncPlan".
	Name string
	// Command is its folder below lambda/, and the stem of its zips: "syncplan".
	Command string
}

// Functions lists the backend's functions in the order a sync calls them.
func Functions() []Function {
	return []Function{
		{Name: "syncPlan", Command: "syncplan"},
		{Name: "syncComplete", Command: "synccomplete"},
	}
}

// Code is a function's deployment package.
type Code struct {
	Function Function
	Arch     Arch
	Zip      []byte
}

// SHA256 returns the zip's SHA-256 in hex, which names it in the artefact bucket.
func (c Code) SHA256() string {
	sum := sha256.Sum256(c.Zip)
	return hex.EncodeToString(sum[:])
}

// CodeSha256 returns the zip's SHA-256 in base64: the form in which Lambda's
// GetFunction reports the code it runs (Configuration.CodeSha256).
func (c Code) CodeSha256() string {
	sum := sha256.Sum256(c.Zip)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Zip returns the embedded deployment package of a function. The error is
// [ErrNotBuilt] when the program was compiled before `make zips`.
func Zip(f Function, arch Arch) (Code, error) {
	b, err := dist.ReadFile(fmt.Sprintf("dist/%s-%s.zip", f.Command, arch))
	if errors.Is(err, fs.ErrNotExist) {
		return Code{}, fmt.Errorf("%w (%s, %s)", ErrNotBuilt, f.Name, arch)
	}
	if err != nil {
		return Code{}, err
	}
	return Code{Function: f, Arch: arch, Zip: b}, nil
}
