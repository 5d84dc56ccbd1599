package savesync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// A State is how a version stands to the file that it is of.
type State string

// The states.
const (
	Current State = "current" // what devices fetch
	Older   State = "older"   // was current
	Losing  State = "losing"  // never was current: another one was newer. Told by its having been retired when it came
	Broken  State = "damaged" // never was current: it cannot be read. The record knows of the last few only
	Unnamed State = "unnamed" // the record does not name it: it is being put there, or was left behind
)

// A Kept is a version of a file that can still be got back.
type Kept struct {
	Source
	// Number counts the file's versions from the oldest that is kept, which is 1. It is
	// another one when that has expired; ID stays.
	Number int
	// Written is when it was put under its key: when it became the current one, if it ever did.
	Written time.Time
	// Replaced is when it began to expire, zero for the current one, and Until how long it is kept.
	Replaced, Until time.Time
	State           State
	// Origin is how it came there, and Of the number of the version that it was restored
	// of, 0 when that is gone or there is none.
	Origin Origin
	Of     int
}

// losingWithin is how soon after it was put there a content is retired that lost.
const losingWithin = 2 * time.Second

// lost reports whether a content never was current, by its having been retired when it came.
func (v Version) lost() bool { return !v.Replaced.IsZero() && v.Replaced.Sub(v.Written) < losingWithin }

// Versions streams what is kept of a player's file of a game, from the oldest to the
// newest; with no name, of all files in the order of their names. Of a player whose
// record cannot be read it streams what the bucket alone tells, by which the contents
// that do not expire are the current ones, and at the end the *[RecordError].
func (o *Operator) Versions(ctx context.Context, player, game, name string) iter.Seq2[Kept, error] {
	return func(yield func(Kept, error) bool) {
		r, err := o.Record(ctx, player)
		_, unreadable := errors.AsType[*RecordError](err)
		if err != nil && !unreadable {
			yield(Kept{}, err)
			return
		}
		g := &Game{}
		if err == nil && r.Games[game] != nil {
			g = r.Games[game]
		}
		prefix := keys{player, game}.prefix() + "content/"
		if name != "" {
			prefix += name + "/"
		}
		n := numbering{}
		for v, err := range oldestFirst(o.Archive.History(ctx, prefix)) {
			if err != nil {
				yield(Kept{}, err)
				return
			}
			file, id, ok := strings.Cut(v.Key[len(keys{player, game}.prefix()+"content/"):], "/")
			if !ok || !IsContent(v.Key) {
				continue
			}
			k := Kept{Source: Source{Name: file, ID: id, Version: v.ID, Size: v.Size}, Written: v.Written, Replaced: v.Replaced}
			if k.State = g.stateOf(k); unreadable && k.State == Unnamed {
				k.State = Current
			}
			if !v.Replaced.IsZero() {
				k.Until = v.Replaced.Add(o.Retention)
			}
			n.number(&k)
			if !yield(k, nil) {
				return
			}
		}
		if unreadable {
			yield(Kept{}, err)
		}
	}
}

// oldestFirst turns round the versions of each key. Most have one.
func oldestFirst(history iter.Seq2[Version, error]) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		var key []Version
		flush := func() bool {
			for _, v := range slices.Backward(key) {
				if !yield(v, nil) {
					return false
				}
			}
			key = key[:0]
			return true
		}
		for v, err := range history {
			if (err != nil || len(key) > 0 && key[0].Key != v.Key) && !flush() {
				return
			}
			if err != nil {
				yield(v, err)
				return
			}
			key = append(key, v)
		}
		flush()
	}
}

// stateOf returns how a version stands to its file.
func (g *Game) stateOf(k Kept) State {
	content := Content{Name: k.Name, ID: k.ID}
	switch f := g.Files[k.Name]; {
	case f.ID == k.ID && f.Version == k.Version:
		return Current
	case slices.ContainsFunc(g.Damaged, func(d Damage) bool { return d.Content == content }):
		return Broken
	case k.Replaced.IsZero() && slices.Contains(g.Retired, content):
		return Older
	case k.Replaced.IsZero():
		return Unnamed
	case (Version{Written: k.Written, Replaced: k.Replaced}).lost():
		return Losing
	}
	return Older
}

// A numbering numbers versions as they are listed: by file, from the oldest.
type numbering struct {
	name string
	last int
	// known has the numbers by the digests of their ids: of a hundred thousand versions
	// it is most of what is in memory.
	known map[idDigest]int32
}

// idDigest is what [digestOf] returns.
type idDigest [idLength - originAt - 1]byte

func (n *numbering) number(k *Kept) {
	if n.name != k.Name || n.known == nil {
		*n = numbering{name: k.Name, known: map[idDigest]int32{}}
	}
	n.last++
	k.Number = n.last
	if id := idDigest([]byte(digestOf(k.ID))); n.known[id] == 0 {
		n.known[id] = int32(k.Number)
	}
	var of string
	if k.Origin, of = originOf(k.ID); of != "" {
		k.Of = int(n.known[idDigest([]byte(of))])
	}
}

// Content reads a version. The error is *[GoneError] if it is not there any more.
func (o *Operator) Content(ctx context.Context, player, game string, src Source) ([]byte, error) {
	object, err := o.Service.Objects.Read(ctx, keys{player, game}.content(src.Name, src.ID), src.Version, src.Size)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, &GoneError{src.Name, src.ID}
	case err != nil:
		return nil, err
	case object.Data == nil:
		return nil, fmt.Errorf("version %s of %s has %d bytes, not %d", src.ID, src.Name, object.Size, src.Size)
	}
	return object.Data, nil
}
