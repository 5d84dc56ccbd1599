//go:build unix

package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/lambda"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		list []int64
		want int64
	}{{[]int64{7}, 7}, {[]int64{9, 1, 5}, 5}, {[]int64{4, 1, 3, 2}, 2}} {
		if got := median(c.list); got != c.want {
			t.Errorf("median(%v) = %d, want %d", c.list, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		seconds(8_240 * time.Microsecond):                              "8.2 ms",
		seconds(822_240 * time.Microsecond):                            "822 ms",
		seconds(12_345 * time.Millisecond):                             "12.35 s",
		megabytes(34_680_000):                                          "34.7 MB",
		share(1, 6.99):                                                 "1/6.9", // rounded against renpyctl
		share(1, 10.9):                                                 "1/10",
		spread([]time.Duration{3e9, 1e9, 2e9}, seconds):                "2.00 s (1.00 s–3.00 s)",
		spread([]int64{20_000_000, 30_000_000, 10_000_000}, megabytes): "20.0 MB (10.0 MB–30.0 MB)",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestSteps reads calls of which the second and third ran together.
func TestSteps(t *testing.T) {
	// What a program says at 250, 500, 510 and 1000 ms.
	text := `debug: STS GetCallerIdentity 250ms: ok
renpy-cloud  dev  us-east-1
debug: S3 PutObject 240ms: ok
debug: S3 PutObject 255ms: ok
debug: Cognito Identity Provider DescribeUserPool 490ms: no such pool: abc 5ms: gone
`
	at := []time.Duration{250, 500, 510, 1000}
	list, err := readCalls(strings.NewReader(text), func() time.Time {
		now := time.UnixMilli(int64(at[0]))
		at = at[1:]
		return now
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"STS GetCallerIdentity"}, {"S3 PutObject ×2"}, {"Cognito Identity Provider DescribeUserPool"}}
	if got := steps(list); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOslsZip packs programs and reads them as Lambda does.
func TestOslsZip(t *testing.T) {
	dist := t.TempDir()
	want := map[string]string{"bootstrap": dispatcher}
	for _, f := range lambda.Functions() {
		want[f.Command] = "program " + f.Name
		writeZip(t, filepath.Join(dist, f.Command+"-"+string(hostArch())+".zip"), "bootstrap", want[f.Command])
	}
	path := filepath.Join(t.TempDir(), "functions.zip")
	if err := oslsZip(path, dist); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	got := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(content)
		if f.Mode().Perm() != 0o755 {
			t.Errorf("%s is not executable: %s", f.Name, f.Mode())
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func writeZip(t *testing.T, path, name, content string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(file)
	if err := addProgram(z, name, strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
