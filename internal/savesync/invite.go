package savesync

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// largeUpload is from which size on a file is sent after everything else: it may
// take longer than the game client waits, and then the client ends its sync. Tests
// make it smaller.
var largeUpload int64 = 1 << 20

// underway is how long an upload may be on its way: planned again before, it has
// not failed.
const underway = time.Minute

// plan decides what the device should do, writes it down and makes the URLs.
//
// It decides once more when a file that it would offer is gone from the bucket, by
// another hand than ours: that one is dropped from the record, so that a device that
// still has it may send it again.
func (st *state) plan(ctx context.Context, m Manifest) (Plan, error) {
	use := &st.record.Usage
	level, audited, lost := use.level(st.Limits, st.now), false, false
	var d decision
	for {
		d = st.game.decide(m, st.found, timestampOf(st.now), st.Limits, !st.Unchecked)
		if len(d.sends) > 0 && !audited && use.Unaudited >= auditEvery && use.full(st.Limits, st.now) == nil {
			lying, err := st.audit(ctx)
			if err != nil {
				return Plan{}, err
			}
			level, audited = max(level, lying), true
		}
		st.admit(ctx, &d, level)
		if len(d.sends)+len(d.downloads) == 0 {
			break
		}
		if err := use.full(st.Limits, st.now); err != nil {
			return Plan{}, err
		}
		gone, err := st.gone(ctx, d)
		if err != nil {
			return Plan{}, err
		}
		if len(gone) == 0 {
			break
		}
		for _, name := range gone {
			delete(st.game.Files, name)
		}
		lost = true
	}
	told := st.game.leaveAlone(d.barred) && use.full(st.Limits, st.now) == nil
	if len(d.sends)+len(d.downloads) == 0 && !lost && !audited && !told && !st.due {
		return Plan{Barred: d.barred}, nil
	}
	use.count(d, audited, st.now)
	invited := st.game.invite(d.sends, st.newID, st.now)
	if err := st.save(ctx); err != nil {
		return Plan{}, err
	}
	return st.links(ctx, d, invited)
}

// gone returns those of the files to be fetched that are not in the bucket any more.
func (st *state) gone(ctx context.Context, d decision) ([]string, error) {
	names := slices.Clone(d.downloads)
	for _, s := range d.sends {
		if s.fetched {
			names = append(names, s.Name)
		}
	}
	gone := make([]bool, len(names))
	err := st.each(ctx, len(names), func(ctx context.Context, i int) error {
		f := st.game.Files[names[i]]
		size, err := st.Objects.Stat(ctx, st.keys.content(names[i], f.ID), f.Version)
		if errors.Is(err, ErrNotFound) || err == nil && size != f.Size {
			gone[i], err = true, nil
		}
		return err
	})
	var list []string
	for i, name := range names {
		if gone[i] {
			list = append(list, name)
		}
	}
	return list, err
}

// admit bars what a limit leaves no room for, with the upload budget filled up to a
// level. What the record only waits to have retired takes no room.
func (st *state) admit(ctx context.Context, d *decision, level int64) {
	if len(d.sends) == 0 {
		d.level = level
		return
	}
	st.retire(ctx)
	room := st.record.room(st.game, st.Limits, level)
	admitted := d.sends[:0]
	for _, s := range d.sends {
		if s.Barred = st.game.bar(s, room, st.now); s.Barred != "" {
			d.barred = append(d.barred, s.Entry)
			continue
		}
		admitted = append(admitted, s)
	}
	d.sends, d.level = admitted, room.level
}

// bar returns why a file may not be planned now, "" if it may, and takes its room.
func (g *Game) bar(s send, w *room, now time.Time) Bar {
	if g.failure(s.Entry).waiting(now) {
		return BarFailed
	}
	return w.take(Upload{Name: s.Name, Size: s.Size}, g.invited(s.Entry) >= 0)
}

// invited returns the index of the open upload of a content, -1 if there is none that
// a new URL may be made for: nothing new is put where releases before this one had it.
func (g *Game) invited(e Entry) int {
	return slices.IndexFunc(g.Uploads, func(u Upload) bool { return !u.Settled && u.Layout == layoutInbox && u.is(e) })
}

// invite enters the files to be sent into the game, and puts them into the order in
// which they are. A content that was planned before and has not come keeps its entry.
// It returns the entries in that order.
func (g *Game) invite(sends []send, newID func() string, now time.Time) []Upload {
	g.forgetFailures(now)
	var missed []Upload
	for _, s := range sends {
		if i := g.invited(s.Entry); i >= 0 && now.Sub(time.Unix(g.Uploads[i].planned(), 0)) >= underway {
			missed = append(missed, g.Uploads[i])
		}
	}
	g.blame(missed)
	slices.SortFunc(sends, func(a, b send) int { return g.sendingOrder(a.Entry, b.Entry) })
	expires := now.Add(urlLife).Unix()
	list := make([]Upload, 0, len(sends))
	for turn, s := range sends {
		for i := range g.Uploads {
			if u := &g.Uploads[i]; !u.Settled && u.is(s.Entry) {
				u.Losing = s.losing // also where a release before this one has it
			}
		}
		i := g.invited(s.Entry)
		if i < 0 {
			i = len(g.Uploads)
			g.Uploads = append(g.Uploads, Upload{
				ID: newID(), Name: s.Name, Size: s.Size, Checksum: s.Checksum, Layout: layoutInbox,
				Modified: notAfter(s.Modified, timestampOf(now)), Basis: g.Files[s.Name].Revision, Expires: expires, Losing: s.losing,
			})
		}
		u := &g.Uploads[i]
		u.Expires, u.Turn = max(u.Expires, expires), turn
		list = append(list, *u)
	}
	return list
}

// links makes the URLs of a plan. Uploads run first, then the downloads, then, one
// after the other, what is here called conflicts: there a large file, or one that
// failed before, can be sent without keeping anything else from being done.
func (st *state) links(ctx context.Context, d decision, invited []Upload) (Plan, error) {
	l := linker{state: st, ctx: ctx}
	downloads := d.downloads
	late := len(d.sends)
	for i, s := range d.sends {
		if st.game.late(s.Name, s.Size) {
			late = i
			break
		}
		l.plan.Uploads = append(l.plan.Uploads, l.upload(s, invited[i]))
		if s.fetched {
			downloads = append(downloads, s.Name)
		}
	}
	st.game.oldestFirst(downloads)
	for _, name := range downloads {
		l.plan.Downloads = append(l.plan.Downloads, l.download(d, name))
	}
	for i, s := range d.sends[late:] {
		l.plan.Conflicts = append(l.plan.Conflicts, l.upload(s, invited[late+i]))
		if s.fetched {
			l.plan.Conflicts = append(l.plan.Conflicts, l.download(d, s.Name))
		}
	}
	if len(l.plan.Uploads)+len(l.plan.Downloads) == 0 {
		l.plan.promote()
	}
	l.plan.Barred = d.barred
	return l.plan, l.err
}

// promote makes the first conflict an upload: the game client does nothing about a
// plan that has only conflicts.
func (p *Plan) promote() {
	if len(p.Conflicts) == 0 {
		return
	}
	p.Uploads, p.Conflicts = p.Conflicts[:1:1], p.Conflicts[1:]
	if len(p.Conflicts) > 0 && !p.Conflicts[0].Upload {
		p.Downloads, p.Conflicts = p.Conflicts[:1:1], p.Conflicts[1:]
	}
}

// A linker makes the URLs of a plan, up to the first error.
type linker struct {
	*state
	ctx  context.Context
	plan Plan
	err  error
}

func (l *linker) upload(s send, u Upload) Transfer {
	// It dies when the record says so, however long this process has stood still.
	life := min(urlLife, max(time.Second, time.Unix(u.Expires, 0).Sub(l.Service.now())))
	url, err := l.Objects.PresignPut(l.ctx, l.keys.inbox(u), u.Size, life)
	l.err = errors.Join(l.err, err)
	return Transfer{Filename: cmp.Or(s.Local, s.Name), Upload: true, URL: url}
}

func (l *linker) download(d decision, name string) Transfer {
	f := l.game.Files[name]
	url, err := l.Objects.PresignGet(l.ctx, l.keys.content(name, f.ID), f.Version, urlLife)
	l.err = errors.Join(l.err, err)
	return Transfer{Filename: d.local(name), URL: url}
}
