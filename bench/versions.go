//go:build unix

package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/renpy-cloud/renpyctl/lambda"
)

// change makes the functions other programs, as an edit does.
const change = `package api

import "log/slog"

func init() { slog.Debug("the other version") }
`

// otherVersion builds this source anew with the functions changed, and returns
// the folder: the program is its bin/renpyctl, the zips are in its lambda/dist.
func (b *bench) otherVersion(ctx context.Context) (dir string, err error) {
	dir = filepath.Join(b.work, "other")
	files, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return "", fmt.Errorf("list the source: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(dir, name), name); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "lambda/api/change.go"), []byte(change), 0o600); err != nil {
		return "", err
	}
	return dir, run(ctx, dir, "make", "build")
}

// copyFile copies a file, but for one that git still lists and is gone.
func copyFile(to, from string) error {
	in, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// dispatcher starts the program that a function's handler names.
const dispatcher = "#!/bin/sh\nexec \"$LAMBDA_TASK_ROOT/$_HANDLER\"\n"

// oslsZip packs the functions' programs from the zips in dist into one for
// osls, which sees that nothing has changed only if the whole service has one.
func oslsZip(path, dist string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	z := zip.NewWriter(file)
	err = addProgram(z, "bootstrap", strings.NewReader(dispatcher))
	for _, f := range lambda.Functions() {
		err = errors.Join(err, addBootstrap(z, f.Command, filepath.Join(dist, fmt.Sprintf("%s-%s.zip", f.Command, hostArch()))))
	}
	return errors.Join(err, z.Close(), file.Close())
}

// addBootstrap adds the program of a function's own zip.
func addBootstrap(z *zip.Writer, name, from string) error {
	in, err := zip.OpenReader(from)
	if err != nil {
		return err
	}
	defer in.Close()
	program, err := in.Open("bootstrap")
	if err != nil {
		return err
	}
	defer program.Close()
	return addProgram(z, name, program)
}

func addProgram(z *zip.Writer, name string, content io.Reader) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}
