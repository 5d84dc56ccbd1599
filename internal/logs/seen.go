package logs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// near is how far back each look reaches: most events come to light within seconds.
	near = 5 * time.Second
	// far is how far back some looks reach, for what comes to light later.
	far = 2 * time.Minute
)

// seen is what is known of a source: how far it was read, and which events of the
// last minutes have been told.
type seen struct {
	since  int64 // what was asked for, in Unix milliseconds
	newest int64 // the latest time that is known to have come, see [known]

	marks map[uint64]mark
	look  uint32 // counts looks
	room  int    // how many marks there may be before those that are too old go
}

// mark is what is known of events that cannot be told apart.
type mark struct {
	at   int64  // their time in Unix milliseconds
	look uint32 // the look that met them last
	met  uint32 // how many that look has met
	told uint32 // how many were told
}

func newSeen(since int64) *seen { return &seen{since: since, look: 1, marks: map[uint64]mark{}} }

// begin begins the next look, which reaches so far back from what is newest, and
// returns from when it reads, in Unix milliseconds.
func (s *seen) begin(reach time.Duration) (from int64) {
	s.look++
	return s.back(reach)
}

func (s *seen) back(reach time.Duration) int64 { return max(s.since, s.newest-reach.Milliseconds()) }

// isNew notes an event that a look has met, and tells whether none has before.
func (s *seen) isNew(e *types.FilteredLogEvent) bool {
	at := aws.ToInt64(e.Timestamp)
	k := key(e)
	m := s.marks[k]
	if m.look != s.look {
		m.look, m.met = s.look, 0
	}
	m.at = at
	m.met++
	isNew := m.met > m.told
	m.told = max(m.told, m.met)
	s.marks[k] = m
	s.newest = max(s.newest, known(e))
	s.forget()
	return isNew
}

// forget drops what no look will meet again. It costs little: only what has been
// added since makes it look through everything.
func (s *seen) forget() {
	if len(s.marks) <= s.room {
		return
	}
	oldest := s.back(far)
	for k, m := range s.marks {
		if m.at < oldest {
			delete(s.marks, k)
		}
	}
	s.room = 2*len(s.marks) + 1024
}
