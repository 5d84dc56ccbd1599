package release

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// History is what a stack says of the releases that it has been, the newest
// first. It is kept where nobody can write who may only write to the artefact
// bucket, and proves the records there: one of another digest was never deployed.
type History []Proof

// Proof says which record a release has.
type Proof struct {
	Number int
	Digest string // as [Record.Digest] works it out
}

// maxHistory is how long the text of a history may be: as long as the value of a
// parameter (CloudFormation quotas), which is a hundred releases.
const maxHistory = 4096

// ParseHistory reads a history as [History.String] writes it. What is none is empty.
func ParseHistory(text string) History {
	var h History
	for item := range strings.SplitSeq(text, ",") {
		number, digest, _ := strings.Cut(item, ":")
		if n, err := strconv.Atoi(number); err == nil {
			h = append(h, Proof{n, digest})
		}
	}
	return h
}

// String writes the history, without the oldest releases if it is too long.
func (h History) String() string {
	var b strings.Builder
	for _, p := range h {
		item := fmt.Sprintf(",%d:%s", p.Number, p.Digest)
		if b.Len()+len(item) > maxHistory {
			break
		}
		b.WriteString(item)
	}
	return strings.TrimPrefix(b.String(), ",")
}

// With is the history of a stack that becomes the release of a record.
func (h History) With(r Record) History {
	return append(History{{r.Number, r.Digest()}}, h...)
}

// Proves tells whether the stack has been the release of exactly that record.
func (h History) Proves(r Record) bool {
	for _, p := range h {
		if p.Number == r.Number {
			return p.Digest == r.Digest()
		}
	}
	return false
}

// Digest is 128 bits of a SHA-256, in hex, over all of the record that decides
// what is deployed. Templates and code are in it by their own hashes.
func (r Record) Digest() string {
	body, _ := json.Marshal(Record{ // which sorts what it names
		Number: r.Number, Kind: r.Kind, Origin: r.Origin,
		Template: r.Template, Code: r.Code, Parameters: r.Parameters, RoleARN: r.RoleARN,
	})
	return fmt.Sprintf("%x", sha256.Sum256(body))[:32]
}
