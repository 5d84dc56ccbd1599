// Package lambda carries the prebuilt zips of the two Lambda functions.
//
// The zips are build products: `make zips` writes them to dist/, from where
// they are embedded. A program compiled before they exist (a fresh clone, `go
// install`) still builds; [Zip] then returns [ErrNotBuilt].
package lambda

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
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
	SHA256   string // of the zip in hex, which names it in the artefact bucket
	Bytes    int64  // of the zip

	open func() io.ReadSeeker
}

// NewCode returns the package that a zip is.
func NewCode(f Function, arch Arch, zip []byte) Code {
	sum := sha256.Sum256(zip)
	return Code{
		Function: f, Arch: arch, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(zip)),
		open: func() io.ReadSeeker { return bytes.NewReader(zip) },
	}
}

// Zip reads the zip. One that is embedded is not copied for that: to say what is
// deployed its hash is enough, and most commands never read it.
func (c Code) Zip() io.ReadSeeker { return c.open() }

// CodeSha256 turns a SHA-256 in hex into base64, the form in which Lambda
// reports the code that a function runs. What is no such hash becomes "".
func CodeSha256(hexSum string) string {
	raw, err := hex.DecodeString(hexSum)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// HexSum is the reverse of [CodeSha256].
func HexSum(codeSha256 string) string {
	raw, err := base64.StdEncoding.DecodeString(codeSha256)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(raw)
}

// Package describes an embedded deployment package.
type Package struct {
	Function Function
	Arch     Arch
	SHA256   string // in hex
	Bytes    int64
}

// Packages lists what is embedded, without reading it; nothing before `make zips`.
func Packages() []Package {
	var list []Package
	known := sums()
	for _, f := range Functions() {
		for _, arch := range Arches() {
			name := fmt.Sprintf("%s-%s.zip", f.Command, arch)
			if info, err := fs.Stat(dist, "dist/"+name); err == nil {
				list = append(list, Package{f, arch, known[name], info.Size()})
			}
		}
	}
	return list
}

// Zip returns the embedded deployment package of a function. The error is
// [ErrNotBuilt] when the program was compiled before `make zips`.
func Zip(f Function, arch Arch) (Code, error) {
	name := fmt.Sprintf("%s-%s.zip", f.Command, arch)
	path := "dist/" + name
	info, err := fs.Stat(dist, path)
	if errors.Is(err, fs.ErrNotExist) {
		return Code{}, fmt.Errorf("%w (%s, %s)", ErrNotBuilt, f.Name, arch)
	}
	if err != nil {
		return Code{}, err
	}
	sum, known := sums()[name]
	if !known {
		zip, err := dist.ReadFile(path)
		return NewCode(f, arch, zip), err
	}
	return Code{Function: f, Arch: arch, SHA256: sum, Bytes: info.Size(), open: func() io.ReadSeeker {
		file, _ := dist.Open(path) // which is there, and a ReadSeeker: package embed says so
		return file.(io.ReadSeeker)
	}}, nil
}

// SumsFile is where `make zips` writes the zips' hashes, beside them and in the
// format of sha256sum: hashing ten megabytes takes longer than all else that a
// short command does. A test holds that they are true.
const SumsFile = "SHA256SUMS"

// sums returns the hashes in hex by the zips' names; none if they were not written.
func sums() map[string]string {
	text, _ := dist.ReadFile("dist/" + SumsFile)
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			known[name] = sum
		}
	}
	return known
}
