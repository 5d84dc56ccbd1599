//go:build e2e && (linux || darwin)

package e2e

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A script says what is to happen to a player's devices. It is drawn from a seed
// before anything happens, so a seed wants the same each time; what comes of
// devices that sync at once depends on which is faster, too.
type script struct {
	clocks []time.Duration // how far each device's clock is ahead
	steps  [][]act         // each is what some devices do at the same time
}

// An act is what one device does in a step: somebody plays, then it syncs.
type act struct {
	device  int
	plays   []play
	offline bool // it does not sync

	// What happens during the sync, if it has anything to do.
	planning   fate
	meanwhile  []play // between the plan and the first transfer
	transfers  []fate // in the plan's order; what is beyond arrives
	completing fate
}

// A play changes one file, or more.
type play struct {
	kind playKind
	name string
	pick int           // among the file's old contents, or the ways to damage it
	ago  time.Duration // how long before the sync: the device was offline
}

type playKind int

const (
	saves       playKind = iota // a new content
	savesLong                   // one of another length
	savesLarge                  // one that is sent after everything else
	savesHuge                   // one that is larger than is allowed
	savesSigned                 // a new content, with text after it as 8.1 writes it
	signs                       // a new content and the time of the old one
	restores                    // an old content of the device
	touches                     // the same, with the time of now
	crashes                     // the file is left empty
	damaging                    // the file cannot be read any more
	deletes
	litters    // a file that is none of the game's
	losesPower // zeros are left of some files
	backsUp    // the device's files are saved elsewhere
	rollsBack  // and put back
	begins     // the device is set up anew, and the game begins
)

// A fate is how a request goes. A transfer without an answer ends the sync.
type fate int

const (
	arrives    fate = iota
	isRefused       // the answer is an error
	isLost          // it does not get there
	unanswered      // it gets there, and the answer does not come back
	breaksOff       // the file breaks off half-way
	fillsDisk       // the same, and half of a download stays
	isLate          // the device gives up, and the upload gets there after all, later
	isRepeated      // the upload gets there, and later once more: the file as it is then
)

var (
	scriptFiles  = []string{"persistent", "1-1-LT1.save", "1-2-LT1.save", "2-1-LT1.save", "1-a-LT1.save", "1-A-LT1.save"}
	foreignFiles = []string{"1-1-LT1.save.new", "1-1-LT1.save.1732345678.tmp", "1-日本-LT1.save", "2-notes.json", "auto-1-LT1.save"}
)

// drawScript draws a script of 2 to 4 devices.
func drawScript(seed uint64) script {
	r := rand.New(rand.NewPCG(seed, 0))
	s := script{clocks: draws(r, 2+r.IntN(3), func() time.Duration {
		return oneOf(r, 0, 0, 0, time.Second, -time.Second, -3*time.Minute, 2*time.Hour, -365*24*time.Hour, 9*365*24*time.Hour)
	})}
	s.steps = draws(r, 6+r.IntN(7), func() []act {
		acting := r.Perm(len(s.clocks))
		if r.IntN(5) < 2 {
			acting = acting[:1] // else all at once
		}
		step := make([]act, 0, len(acting))
		for _, device := range acting {
			step = append(step, drawAct(r, device))
		}
		return step
	})
	s.steps = append(drawOpening(r), s.steps...)
	return s
}

// drawOpening draws how a history begins: some with what seldom happens by chance.
func drawOpening(r *rand.Rand) [][]act {
	name := oneOf(r, scriptFiles...)
	plays := func(device int, plays ...play) []act { return []act{{device: device, plays: plays}} }
	switch r.IntN(6) {
	case 0: // a damaged file arrives before one that can be read and is older
		return [][]act{
			plays(0, play{kind: saves, name: name}, play{kind: damaging, name: name, pick: r.IntN(100)}),
			plays(1, play{kind: saves, name: name, ago: time.Hour}),
		}
	case 1: // there is nothing to do but to send a large file
		return [][]act{plays(0, play{kind: savesLarge, name: name})}
	case 2: // a file is cut, but can still be read
		return [][]act{
			plays(0, play{kind: savesSigned, name: "persistent"}),
			plays(0, play{kind: damaging, name: "persistent", pick: 1}),
		}
	default:
		return nil
	}
}

// draws calls draw n times.
func draws[T any](r *rand.Rand, n int, draw func() T) []T {
	list := make([]T, 0, n)
	for range n {
		list = append(list, draw())
	}
	return list
}

func oneOf[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

func drawAct(r *rand.Rand, device int) act {
	a := act{
		device:     device,
		offline:    r.IntN(8) == 0,
		planning:   oneOf(r, arrives, arrives, arrives, arrives, arrives, arrives, isLost, unanswered),
		completing: oneOf(r, arrives, arrives, arrives, isLost, unanswered),
	}
	ago := oneOf(r, 0, 0, 0, 0, time.Minute, 30*time.Hour, 40*24*time.Hour)
	a.plays = draws(r, r.IntN(5), func() play { return drawPlay(r, ago) })
	if r.IntN(3) == 0 {
		a.meanwhile = draws(r, 1+r.IntN(3), func() play { return drawPlay(r, 0) })
	}
	fates := append(slices.Repeat([]fate{arrives}, 12), isRefused, isRefused, isLost, unanswered, breaksOff, fillsDisk, isLate, isRepeated, isRepeated)
	a.transfers = draws(r, 2*len(scriptFiles), func() fate { return oneOf(r, fates...) })
	if r.IntN(8) == 0 { // the game ends in the middle
		a.transfers[r.IntN(3)] = isLost
		a.completing = isLost
	}
	return a
}

func drawPlay(r *rand.Rand, ago time.Duration) play {
	kinds := append(slices.Repeat([]playKind{saves}, 24),
		savesLong, savesLong, savesLong, savesSigned, savesSigned, signs, signs, signs, restores, restores, touches, touches,
		crashes, damaging, damaging, damaging, damaging, deletes, deletes, litters, litters, litters, losesPower, backsUp, backsUp, rollsBack, begins)
	p := play{kind: oneOf(r, kinds...), name: oneOf(r, scriptFiles...), pick: r.IntN(100), ago: ago}
	switch {
	case p.kind == litters:
		p.name = oneOf(r, foreignFiles...)
	case p.kind == saves && r.IntN(20) == 0:
		p.kind = oneOf(r, savesLarge, savesHuge)
	}
	return p
}

// everybodyStill is a step in which nobody plays or syncs.
func everybodyStill(devices int) []act {
	step := make([]act, devices)
	for i := range step {
		step[i] = act{device: i, offline: true}
	}
	return step
}
