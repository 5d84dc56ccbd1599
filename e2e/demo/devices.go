package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// newPlayer makes up somebody who has never signed up.
func newPlayer() (email, password string) {
	return "player-" + strings.ToLower(rand.Text()[:8]) + "@example.com", "Aa1" + rand.Text()
}

// sync brings two files from device A to device B and compares them.
func (d *demo) sync(ctx context.Context, session *gameclient.Session) error {
	dir, err := os.MkdirTemp("", "renpyctl-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	now := time.Now()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	saves := []string{"persistent", "1-1-LT1.save"}
	if err := write(a, "persistent", gameclient.Persistent(random(24_000)), now); err != nil {
		return err
	}
	if err := write(a, "1-1-LT1.save", gameclient.Save(random(180_000)), now); err != nil {
		return err
	}
	// The game was installed here yesterday and has only been opened.
	if err := write(b, "persistent", gameclient.Persistent(random(900)), now.Add(-24*time.Hour)); err != nil {
		return err
	}

	up, err := syncAll(ctx, session.Device(a))
	if err != nil {
		return fmt.Errorf("device A: %w", err)
	}
	d.note("Device A, where the player has just saved, uploads   %s", strings.Join(up.Uploaded, ", "))
	down, err := syncAll(ctx, session.Device(b))
	if err != nil {
		return fmt.Errorf("device B: %w", err)
	}
	d.note("Device B, with a new installation, downloads         %s", strings.Join(down.Downloaded, ", "))
	d.blank()
	for _, name := range saves {
		if err := d.compare(name, a, b); err != nil {
			return err
		}
	}
	if again, err := syncAll(ctx, session.Device(b)); err != nil || len(again.Uploaded)+len(again.Downloaded) > 0 {
		return fmt.Errorf("device B again: %+v, %v", again, err)
	}
	d.blank()
	d.note("Another sync finds nothing to do.")
	return nil
}

// random returns bytes that no other run has.
func random(bytes int) string {
	content := make([]byte, bytes)
	_, _ = rand.Read(content) // never fails, says crypto/rand
	return string(content)
}

// write writes a file that was last changed at that time.
func write(dir, name string, content []byte, changed time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return os.Chtimes(path, changed, changed)
}

// syncAll syncs a device, and takes a failed transfer for an error.
func syncAll(ctx context.Context, device *gameclient.Device) (gameclient.Report, error) {
	report, err := device.Sync(ctx)
	if err == nil && len(report.Failed) > 0 {
		err = fmt.Errorf("transfer of %s: %w", report.Failed[0].Filename, report.Failed[0].Err)
	}
	return report, err
}

// compare shows that a file is the same on both devices, byte for byte.
func (d *demo) compare(name, a, b string) error {
	onA, err := os.ReadFile(filepath.Join(a, name))
	if err != nil {
		return err
	}
	onB, err := os.ReadFile(filepath.Join(b, name))
	if err != nil {
		return err
	}
	sumA, sumB := sha256.Sum256(onA), sha256.Sum256(onB)
	verdict := ui.Success("✓ the same bytes")
	if !bytes.Equal(onA, onB) {
		verdict = ui.Failure("✗ different")
		err = fmt.Errorf("%s is not the same on both devices", name)
	}
	d.note("%-13s %9s   sha256  A %x…  B %x…  %s", name, ui.Bytes(int64(len(onA))), sumA[:4], sumB[:4], verdict)
	return err
}
