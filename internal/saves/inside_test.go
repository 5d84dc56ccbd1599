package saves

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// zipped is an archive of entries, name after content.
func zipped(t *testing.T, entries ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(entries); i += 2 {
		f, err := w.Create(entries[i])
		if err == nil {
			_, err = f.Write([]byte(entries[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestLook(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "savesync", "testdata", "renpy", "1-2-LT1.save"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := Look(data)
	if err != nil || in.Name != "Chapter — café 日本" || in.Picture == nil || in.Played != 0 || in.Texts != nil {
		t.Errorf("%+v, %v", in, err)
	}
	in, err = Look(zipped(t, "json", `{"_game_runtime": 7500.5, "chapter": "The garden", "day": 3, "deep": {"x": 1}, "_version": "1"}`, "extra_info", "Tea"))
	if err != nil || in.Name != "Tea" || in.Played.Round(time.Second) != 7501*time.Second || strings.Join(in.Texts, ",") != "chapter: The garden,day: 3" {
		t.Errorf("%+v, %v", in, err)
	}
}

// What is no save, or was made to take all memory, says little or nothing.
func TestLookAtAnything(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("text"), zipped(t, "json", "{}")[:20], bytes.Repeat([]byte("PK\x01\x02"), 2000)} {
		if _, err := Look(data); !errors.Is(err, ErrNotASave) {
			t.Errorf("%.20q: %v", data, err)
		}
	}
	big := strings.Repeat("é", 1<<20)
	in, err := Look(zipped(t, "extra_info", big, "screenshot.png", big, "json", `{"_game_runtime": 1e300, "a": "`+big[:1000]+`"}`, "../x", ""))
	if err != nil || in.Name != "" || in.Picture != nil || in.Played != 0 || len(in.Texts) != 1 || len(in.Texts[0]) > 210 {
		t.Errorf("%d, %v", len(in.Texts), err)
	}
}
