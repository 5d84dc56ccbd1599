package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// demoGame is the game that is played in a demo, with its player.
type demoGame struct {
	*demo
	client          *gameclient.Client
	email, password string
	laptop, desktop *demoDevice // once the player is signed in
}

const (
	demoGameID = "my_game"
	demoSave   = "1-1-LT1.save"
	persistent = "persistent"
)

// demoDevice is a folder of saves.
type demoDevice struct {
	*gameclient.Device
	name, dir string
}

// playedGame is the game, configured as the deployed stage says.
func (d *demo) playedGame(ctx context.Context) (*demoGame, error) {
	s, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	st, err := s.at.Deployed(ctx)
	if err != nil {
		return nil, err
	}
	config, err := s.gameConfig(st, demoGameID)
	if err != nil {
		return nil, err
	}
	return &demoGame{
		demo: d, client: s.gameClient(config),
		email: "player-" + strings.ToLower(rand.Text()[:6]) + "@example.com", password: "Aa1" + rand.Text(),
	}, nil
}

// signUp makes the player, whom the operator confirms.
func (g *demoGame) signUp(ctx context.Context) error {
	g.player = g.email
	if err := g.client.SignUp(ctx, g.email, g.password); err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	g.print("  %s signs up, on a screen of the game.", g.email)
	g.print("  On AWS a link in a mail confirms the address. The local cloud sends none:\n")
	if err := g.types(ctx, "users", "confirm", g.email); err != nil {
		return err
	}
	session, err := g.client.SignIn(ctx, g.email, g.password)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if g.laptop, err = g.device(session, "laptop"); err != nil {
		return err
	}
	g.desktop, err = g.device(session, "desktop")
	return err
}

func (g *demoGame) device(session *gameclient.Session, name string) (*demoDevice, error) {
	dir, err := g.folder(name)
	return &demoDevice{session.Device(dir), name, dir}, err
}

// travel brings a save from the laptop to the desktop.
func (g *demoGame) travel(ctx context.Context) error {
	now := time.Now()
	if err := g.laptop.plays(now.Add(-time.Hour), 180_000); err != nil {
		return err
	}
	// The game was installed there yesterday, and has only been opened.
	if err := g.desktop.writes(persistent, gameclient.Persistent(gameclient.RandomText(900)), now.Add(-24*time.Hour)); err != nil {
		return err
	}
	if err := g.syncs(ctx, g.laptop, "saves in slot 1, and quits"); err != nil {
		return err
	}
	if err := g.syncs(ctx, g.desktop, "starts the game for the first time"); err != nil {
		return err
	}
	return g.compares()
}

// demoPause is between two saves of a slot. Nobody saves twice in two seconds, so the
// history of a save takes a version that was replaced so soon for one that was never used.
const demoPause = 2500 * time.Millisecond

// conflict has both devices play on without the other's save: the newer one wins, and
// the other one is kept.
func (g *demoGame) conflict(ctx context.Context) error {
	now := time.Now()
	err := errors.Join(g.laptop.plays(now.Add(-time.Minute), 190_000), g.desktop.plays(now, 200_000))
	if err != nil {
		return err
	}
	for _, turn := range []struct {
		device *demoDevice
		what   string
	}{
		{g.laptop, "was offline, and saved slot 1 a minute ago"},
		{g.desktop, "saved slot 1 just now, without having seen that"},
	} {
		if err := cloud.Sleep(ctx, demoPause); err != nil {
			return err
		}
		if err := g.syncs(ctx, turn.device, turn.what); err != nil {
			return err
		}
	}
	if err := g.syncs(ctx, g.laptop, "is started again"); err != nil {
		return err
	}
	if err := g.compares(); err != nil {
		return err
	}
	g.print("\n  The newer save won. What it replaced is kept, and can be brought back:\n")
	return g.types(ctx, "saves", "history", g.email, demoGameID, demoSave)
}

// syncs syncs a device as the game does at its start and end, and says what went where.
func (g *demoGame) syncs(ctx context.Context, d *demoDevice, what string) error {
	report, err := d.Sync(ctx)
	if err == nil && len(report.Failed) > 0 {
		err = fmt.Errorf("%s: %w", report.Failed[0].Filename, report.Failed[0].Err)
	}
	if err != nil {
		return fmt.Errorf("sync of the %s: %w", d.name, err)
	}
	g.print("  The %s %s.", ui.Accent(d.name), what)
	for _, went := range []struct {
		files []string
		way   string
	}{{report.Uploaded, "sends    "}, {report.Downloaded, "fetches  "}} {
		if len(went.files) > 0 {
			g.print("    %s%s", ui.Dim(went.way), strings.Join(went.files, ", "))
		}
	}
	return nil
}

// compares shows that both devices have the same, byte for byte.
func (g *demoGame) compares() error {
	g.print("")
	for _, name := range []string{persistent, demoSave} {
		one, err := os.ReadFile(filepath.Join(g.laptop.dir, name))
		if err != nil {
			return err
		}
		two, err := os.ReadFile(filepath.Join(g.desktop.dir, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(one, two) {
			return errors.New(name + " is not the same on both devices")
		}
		sum := sha256.Sum256(one)
		g.print("  %s %-13s %9s  sha256 %x…  %s", ui.Success("✓"), name, ui.Bytes(int64(len(one))), sum[:6], ui.Dim("the same bytes on both"))
	}
	return nil
}

// plays leaves what the engine writes when somebody saves at a time.
func (d *demoDevice) plays(at time.Time, size int) error {
	return errors.Join(
		d.writes(persistent, gameclient.Persistent(gameclient.RandomText(size/8)), at),
		d.writes(demoSave, gameclient.Save(gameclient.RandomText(size)), at))
}

func (d *demoDevice) writes(name string, content []byte, changed time.Time) error {
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return os.Chtimes(path, changed, changed)
}
