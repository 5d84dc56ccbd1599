//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// seedVariable names the one history that TestDevices is to play, several times
// since devices that sync at once are not equally fast each time:
//
//	RENPYCTL_E2E_SEED=1234 go test -tags e2e -run TestDevices ./e2e
const seedVariable = "RENPYCTL_E2E_SEED"

// TestDevices lets random histories happen to players' devices behind the
// deployed functions, several players at a time, and then looks from outside
// whether the promises of package savesync were kept. Meanwhile strangers with accounts
// of their own do what no game does. They are the wire's share of
// that package's TestPromises: what only the real stores, processes and HTTP do.
func TestDevices(t *testing.T) {
	t.Parallel()
	// Nobody plays as fast as these histories.
	s := deploy(t, "devices", "--set", fmt.Sprint("MaxFileBytes=", maxFileBytes), "--set", "MaxPlansPerHour=100000", "--set", "MaxRequestsPerMinute=100000")
	cloud := clients(publicAccount)
	var households []*household
	t.Run("histories", func(t *testing.T) {
		for i, seed := range seeds(t) {
			if i%8 == 0 {
				stranger := &household{stage: s, cloud: cloud, seed: seed}
				households = append(households, stranger)
				t.Run(fmt.Sprintf("stranger of seed %d", seed), func(t *testing.T) {
					t.Parallel()
					stranger.attack(t)
				})
			}
			h := &household{stage: s, cloud: cloud, seed: seed}
			households = append(households, h)
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				t.Parallel()
				h.live(t)
			})
		}
	})
	var all tally
	for _, h := range households {
		if h.witness != nil {
			all = all.plus(h.witness.tally)
		}
	}
	t.Logf("%d accounts: %+v", len(households), all)
	if all.Sent == 0 || all.Fetched == 0 || all.Kept == 0 || all.Damaged == 0 || all.Ended == 0 {
		t.Error("the histories are too tame")
	}
	nobodyElse(t, s, cloud, households)
}

// seeds returns the seeds to play: the one that is asked for, or some new ones.
func seeds(t *testing.T) []uint64 {
	v := os.Getenv(seedVariable)
	if v == "" {
		list := make([]uint64, 24)
		for i, first := uint64(0), rand.Uint64N(1_000_000_000); i < uint64(len(list)); i++ {
			list[i] = first + i
		}
		return list
	}
	seed, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	return slices.Repeat([]uint64{seed}, 8)
}

// A household is a player with devices.
type household struct {
	stage *stage
	cloud sdk // looks at it past the API
	seed  uint64

	player   *player
	machines []*machine
	witness  *witness
}

// live plays the household's history up to the first broken promise, and tells it.
func (h *household) live(t *testing.T) {
	h.player = h.stage.player(t)
	h.witness = newWitness()
	defer h.tell(t)
	script := drawScript(h.seed)
	for _, clock := range script.clocks {
		h.join(t, clock)
	}
	for i, step := range script.steps {
		h.witness.note("-- step %d", i+1)
		h.step(t, step)
		h.checkRecord(t)
		if len(h.witness.violations) > 0 {
			return
		}
	}
	h.rest(t)
	h.checkRecord(t)
	h.checkDevices(t)
	h.checkArrived(t)
	h.checkReplaced()
}

// tell prints the history of a test that failed, or that was asked for.
func (h *household) tell(t *testing.T) {
	if v := h.witness.violations; len(v) > 0 {
		t.Errorf("seed %d: %s", h.seed, strings.Join(v, "\n"))
	}
	if t.Failed() || os.Getenv(seedVariable) != "" {
		t.Logf("the history of seed %d:\n%s", h.seed, strings.Join(h.witness.history, "\n"))
	}
}

// join gives the player one more device, which signs in by a line of its own.
func (h *household) join(t *testing.T, clock time.Duration) *machine {
	m := &machine{name: string(rune('A' + len(h.machines))), owner: h.player.email, clock: clock, dir: t.TempDir(), kept: map[string][]string{}}
	m.line = &line{machine: m, witness: h.witness}
	session, err := gameclient.New(h.stage.game, m.line).SignIn(t.Context(), h.player.email, password)
	if err != nil {
		t.Fatalf("%s signs in: %v", m.name, err)
	}
	m.device = session.Device(m.dir)
	h.machines = append(h.machines, m)
	if clock != 0 {
		h.witness.note("%s's clock is off by %v", m.name, clock)
	}
	return m
}

// step lets devices act at the same time.
func (h *household) step(t *testing.T, acts []act) {
	var wg sync.WaitGroup
	for _, a := range acts {
		wg.Go(func() { h.machines[a.device].act(t, a) })
	}
	wg.Wait()
}

// rest lets what is late arrive and the devices settle. Then the player sets up
// one more device, on which nothing was played: it is to get all that a device can
// be given.
func (h *household) rest(t *testing.T) {
	h.witness.note("-- from here on nobody plays and nothing fails")
	h.step(t, everybodyStill(len(h.machines)))
	h.settle(t)
	h.witness.note("-- a new device")
	m := h.join(t, 0)
	m.put("persistent", m.content("persistent", ""), time.Unix(1, 0))
	h.settle(t)
}

// settle lets the devices sync in turn until no plan has anything to do: promise 4.
// Each round may bring a device a slot that it then lists for the first time.
func (h *household) settle(t *testing.T) {
	const rounds = 8
	for range rounds {
		before := h.witness.tally
		for _, m := range h.machines {
			if err := m.sync(t, act{}); err != nil {
				h.witness.violate("promise 4: %s is not served: %v", m.name, err)
				return
			}
		}
		if h.witness.tally.Sent == before.Sent && h.witness.tally.Fetched == before.Fetched {
			return
		}
	}
	h.witness.violate("promise 4: after %d rounds there is still something to do", rounds)
}
