// Package lambdazip builds the deployment packages of the Lambda functions so
// that the same source and the same Go version give the same bytes, whoever
// builds them and wherever. The zip's hash names it in the artefact bucket, so
// an unchanged function is never uploaded or deployed again.
package lambdazip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/renpy-cloud/renpyctl/lambda"
)

// MaxBytes is the largest deployment package that [Build] accepts. A cold start
// downloads and unpacks the zip, so growth is a decision and not an accident.
const MaxBytes = 4_000_000

// Build compiles the Go command pkg ("./lambda/syncplan") of the module in dir
// for Lambda's provided.al2023 runtime and returns its deployment package: a
// zip that holds one executable, bootstrap. A failed compilation is an error
// that carries the compiler's output; a zip above [MaxBytes] is an error too.
func Build(ctx context.Context, dir, pkg string, arch lambda.Arch) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "lambdazip-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)

	bootstrap := filepath.Join(tmp, "bootstrap")
	if err := compile(ctx, dir, pkg, arch, bootstrap); err != nil {
		return nil, fmt.Errorf("%s for %s: %w", pkg, arch, err)
	}
	program, err := os.ReadFile(bootstrap)
	if err != nil {
		return nil, err
	}
	packed, err := pack(program)
	if err != nil {
		return nil, err
	}
	if len(packed) > MaxBytes {
		return nil, fmt.Errorf("%s for %s: the zip has %d bytes, more than the %d allowed", pkg, arch, len(packed), MaxBytes)
	}
	return packed, nil
}

// compile builds pkg as a Linux program at out.
func compile(ctx context.Context, dir, pkg string, arch lambda.Arch, out string) error {
	target, err := buildEnv(arch)
	if err != nil {
		return err
	}
	// lambda.norpc leaves out the runtime that provided.* does not use. The
	// other flags keep paths, commits and build ids out of the program.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags=lambda.norpc",
		"-ldflags=-s -w -buildid=", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), target...)
	output, err := cmd.CombinedOutput()
	if err != nil && len(output) > 0 {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output))
	}
	return err
}

// buildEnv returns the environment variables that decide the compiler's output,
// each set, so that the caller's own cannot change it.
func buildEnv(arch lambda.Arch) ([]string, error) {
	env := []string{
		"CGO_ENABLED=0",
		"GOEXPERIMENT=",
		"GOFIPS140=off",
		"GOFLAGS=-mod=readonly", // not empty: an empty one gives way to `go env -w GOFLAGS=…`
		"GOOS=linux",
		"GOWORK=off",
	}
	switch arch {
	case lambda.ARM64:
		return append(env, "GOARCH=arm64", "GOARM64=v8.0"), nil
	case lambda.X8664:
		return append(env, "GOARCH=amd64", "GOAMD64=v1"), nil
	default:
		return nil, fmt.Errorf("no such architecture: %q", arch)
	}
}

// pack returns a zip that holds the program as bootstrap, executable, and
// nothing that differs from one build to the next.
func pack(program []byte) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := &zip.FileHeader{
		Name:     "bootstrap",
		Method:   zip.Deflate,
		Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC), // the earliest that zip knows
	}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// WriteFile makes path hold data and reports whether it had to be written. A
// file that holds data already keeps its time, so that nothing built from it is
// built again; a new one appears whole or not at all.
func WriteFile(path string, data []byte) (written bool, err error) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return false, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".*.tmp")
	if err != nil {
		return false, err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return false, errors.Join(err, os.Remove(tmp.Name()))
	}
	return true, nil
}
