package ui

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Progress shows tasks while they run: on a live stream a board that is redrawn
// in place, elsewhere a line for each change and a sign of life in silence.
// Its methods may be called from several goroutines.
type Progress struct {
	mu     sync.Mutex
	out    io.Writer // which obeys cursor movements, so that text has to be clean
	live   bool
	size   func() (width, height int)
	tasks  []Task
	expect int       // how many tasks there will be; 0 if unknown
	drawn  int       // lines of the board on the screen
	spoke  time.Time // when something was last printed (line by line)
	stop   chan struct{}
	stops  sync.WaitGroup
	closed bool
}

const (
	// heartbeat is the longest silence of line-by-line progress.
	heartbeat = 30 * time.Second
	// patience is how long a task runs before line-by-line progress mentions it.
	patience = 2 * time.Second
	// textPeriod is how often line-by-line progress repeats a running task whose text changed.
	textPeriod = 10 * time.Second
)

// NewProgress starts showing progress on s.Err. Close ends it.
func NewProgress(s *Streams) *Progress {
	out := s.Err
	if c, ok := out.(*cleaner); ok {
		out = c.to
	}
	p := &Progress{out: out, live: s.Live, size: s.Size, stop: make(chan struct{}), spoke: time.Now()}
	period := time.Second
	if p.live {
		period = spinnerPeriod
	}
	p.stops.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				p.tick()
			}
		}
	})
	return p
}

// Expect says how many tasks there will be in all, so that the board can count
// those that have not begun.
func (p *Progress) Expect(tasks int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expect = tasks
}

// Set adds a task or changes the one with the same key.
func (p *Progress) Set(t Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	t.Name, t.Text = Clean(SingleLine(t.Name)), Clean(SingleLine(t.Text))
	if t.At.IsZero() {
		t.At = now
	}
	i := slices.IndexFunc(p.tasks, func(o Task) bool { return o.Key == t.Key })
	if i < 0 {
		t.started = t.At
		p.tasks = append(p.tasks, t)
		i = len(p.tasks) - 1
	} else {
		t.follow(p.tasks[i])
		p.tasks[i] = t
	}
	switch {
	case p.live:
		p.draw(now)
	case t.State != Running:
		p.line(now, &p.tasks[i])
	case now.Sub(p.spoke) >= textPeriod && t.spoken:
		p.line(now, &p.tasks[i])
	}
}

// Note prints a line that stays, above the board.
func (p *Progress) Note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	text = Clean(text)
	if !p.live {
		fmt.Fprintln(p.out, stamp(now)+text)
		p.spoke = now
		return
	}
	p.erase()
	fmt.Fprintln(p.out, text)
	p.draw(now)
}

// Close stops showing progress and leaves the board as it stands. Tasks that
// still run keep their last picture: the caller says what became of them.
func (p *Progress) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	p.mu.Unlock()
	close(p.stop)
	p.stops.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live {
		p.draw(time.Now())
		p.drawn = 0
	}
}

func (p *Progress) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.live {
		p.draw(now)
		return
	}
	var running []string
	for i := range p.tasks {
		t := &p.tasks[i]
		if t.State != Running {
			continue
		}
		if !t.spoken && t.elapsed(now) >= patience {
			p.line(now, t)
		}
		running = append(running, fmt.Sprintf("%s %s for %s", t.Name, t.Text, Elapsed(t.elapsed(now))))
	}
	if len(running) > 0 && now.Sub(p.spoke) >= heartbeat {
		fmt.Fprintln(p.out, stamp(now)+"still: "+strings.Join(running, ", "))
		p.spoke = now
	}
}

func (p *Progress) line(now time.Time, t *Task) {
	text := stamp(now) + t.Name + " " + t.Text
	if t.State != Running {
		text += " (" + Elapsed(t.elapsed(now)) + ")"
	}
	if t.State == Failed {
		text = Failure(text)
	}
	fmt.Fprintln(p.out, text)
	p.spoke = now
	t.spoken = true
}

func stamp(now time.Time) string { return now.Format(time.TimeOnly) + " " }

// draw replaces the board on the screen. It is written in one piece, so that a
// slow terminal never shows half of it.
func (p *Progress) draw(now time.Time) {
	width, height := p.size()
	lines := frame(p.tasks, p.expect, now, width-1, height-2)
	var b strings.Builder
	b.WriteString(p.eraser())
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	fmt.Fprint(p.out, b.String())
	p.drawn = len(lines)
}

func (p *Progress) erase() {
	fmt.Fprint(p.out, p.eraser())
	p.drawn = 0
}

// eraser moves the cursor to the board's first line and clears to the end of the screen.
func (p *Progress) eraser() string {
	if p.drawn == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", p.drawn)
}
