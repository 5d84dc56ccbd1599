package ui

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// quiet is how long nothing is printed before a spinner says that the program waits.
const quiet = 500 * time.Millisecond

// waiting shows a spinner on a terminal while nothing else is printed. It is gone
// before the next thing is.
type waiting struct {
	mu    sync.Mutex
	out   io.Writer // obeys cursor movements
	size  func() (width, height int)
	text  string
	since time.Time // when something was last printed
	open  bool      // the last line that was printed has no end: a question, or half a line
	drawn bool
	stop  chan struct{} // nil unless it has begun
	ended sync.WaitGroup
}

// Wait says from now on that the program waits, and for what, whenever nothing is
// printed for half a second. [Streams.Done] ends it. Where nothing can be redrawn,
// or the answer goes elsewhere than to the terminal, it does nothing.
func (s *Streams) Wait(forWhat string) {
	if !s.Live || !s.OutTerminal || s.waits == nil || s.waits.stop != nil {
		return
	}
	w := s.waits
	w.text, w.since, w.stop = Clean(SingleLine(forWhat)), time.Now(), make(chan struct{})
	w.ended.Go(func() {
		tick := time.NewTicker(spinnerPeriod)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case now := <-tick.C:
				w.draw(now)
			}
		}
	})
}

// Done ends what [Streams.Wait] began.
func (s *Streams) Done() {
	w := s.waits
	if w == nil || w.stop == nil {
		return
	}
	close(w.stop)
	w.ended.Wait()
	w.stop = nil
	w.mu.Lock()
	defer w.mu.Unlock()
	w.erase()
}

func (w *waiting) draw(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open || now.Sub(w.since) < quiet {
		return
	}
	picture := spinner[int(now.UnixMilli()/spinnerPeriod.Milliseconds())%len(spinner)]
	width, _ := w.size()
	line := Fit(Accent(picture)+" "+Dim(w.text), width-1) // what is folded cannot be taken back
	_, _ = io.WriteString(w.out, "\r\x1b[K"+line)
	w.drawn = true
}

func (w *waiting) erase() {
	if w.drawn {
		_, _ = io.WriteString(w.out, "\r\x1b[K")
		w.drawn = false
	}
}

// attentive is a stream before whose text the spinner goes.
type attentive struct {
	to    io.Writer
	waits *waiting
}

func (a attentive) Write(p []byte) (int, error) {
	a.waits.mu.Lock()
	defer a.waits.mu.Unlock()
	a.waits.erase()
	a.waits.since = time.Now()
	if len(p) > 0 {
		a.waits.open = !bytes.HasSuffix(p, []byte("\n"))
	}
	return a.to.Write(p)
}
