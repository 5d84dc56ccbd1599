package local

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// HandoverZip returns a deployment package for machines that cannot run a
// Linux program: its bootstrap is a shell script that becomes
//
//	SELF lambda-runtime FUNCTION
//
// where self is the absolute path of this renpyctl, which serves the function
// by Lambda's runtime interface. revision is any text that changes with the
// build, so that another build is another package and a deploy replaces the
// running one. Equal arguments give equal bytes.
func HandoverZip(self, function, revision string) ([]byte, error) {
	if !filepath.IsAbs(self) {
		return nil, fmt.Errorf("path of renpyctl %q is not absolute", self)
	}
	script := fmt.Sprintf("#!/bin/sh\n: %s\nexec %s lambda-runtime %s\n", quote(revision), quote(self), quote(function))

	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	header := &zip.FileHeader{
		Name:     "bootstrap",
		Method:   zip.Deflate,
		Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the first that a zip can name
	}
	header.SetMode(0o755)
	f, err := w.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write([]byte(script)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// quote makes one word of a POSIX shell of any text.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
