//go:build linux || darwin

package local

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNotPrivate: neither started nor believed is what others can have put there.
func TestNotPrivate(t *testing.T) {
	for _, x := range []struct {
		name  string
		spoil func(t *testing.T, c *Cloud) error
	}{
		{"folder of everything", func(_ *testing.T, c *Cloud) error { return os.Chmod(c.cfg.Dir, 0o777) }},
		{"folder for a group", func(_ *testing.T, c *Cloud) error { return os.Chmod(c.cfg.Dir, 0o770) }},
		{"folder of the port", func(_ *testing.T, c *Cloud) error { return os.Chmod(c.dir, 0o707) }},
		{"installation", func(_ *testing.T, c *Cloud) error { return os.Chmod(c.venv, 0o777) }},
		{"folder above", func(_ *testing.T, c *Cloud) error { return os.Chmod(filepath.Dir(c.cfg.Dir), 0o777) }},
		{"somebody else's", func(t *testing.T, c *Cloud) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a folder away")
			}
			return os.Chown(c.dir, 12345, -1)
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newFake(t, nil)
			up(t, c)
			if err := x.spoil(t, c); err != nil {
				t.Fatal(err)
			}
			upFails(t, c, NotPrivate)
			if _, err := c.Status(t.Context()); !isKind(err, NotPrivate) {
				t.Errorf("Status: %v, want an error of kind NotPrivate", err)
			}
		})
	}
	t.Run("sticky folder above", func(t *testing.T) {
		c := newFake(t, nil)
		if err := os.Chmod(filepath.Dir(c.cfg.Dir), 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
		up(t, c)
	})
}
