package savesync_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// operator returns somebody who works on the scene's stage.
func (w *world) operator() *savesync.Operator {
	return &savesync.Operator{Service: w.service, Archive: w.store, By: "sam", Retention: retention}
}

// idsInOrder returns ids as [savesync.NewID] makes them, one a moment.
func idsInOrder() func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("%012d%012d", n, 0) }
}

// versions returns what is kept of a file, from the oldest.
func (s *scene) versions(name string) []savesync.Kept {
	s.t.Helper()
	var list []savesync.Kept
	for k, err := range s.operator().Versions(s.t.Context(), player, game, name) {
		if err != nil {
			s.t.Fatal(err)
		}
		list = append(list, k)
	}
	return list
}

// states returns what is kept of a file as "1 older, 2 current of 1".
func (s *scene) states(name string) string {
	var list []string
	for _, k := range s.versions(name) {
		text := fmt.Sprintf("%d %s", k.Number, k.State)
		if k.Of != 0 {
			text += fmt.Sprintf(" of %d", k.Of)
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// record returns what is known of the player.
func (s *scene) record() *savesync.Record {
	s.t.Helper()
	r, err := s.operator().Record(s.t.Context(), player)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// spoil gives device A a good save and then a spoilt one, both synced, B the good one.
func (s *scene) spoil() (good, spoilt string) {
	s.t.Helper()
	s.service.NewID = idsInOrder()
	good = s.fill(s.a, slot1, "good", 0)
	s.sync(s.a)
	s.sync(s.a)
	s.fill(s.b, slot1, "good", 0)
	s.tick(time.Hour)
	spoilt = s.fill(s.a, slot1, "spoilt", 0)
	s.sync(s.a)
	s.committed(slot1, spoilt)
	s.tick(time.Hour)
	return good, spoilt
}

// TestARestoreReachesEveryDevice puts an old content back, and takes that back.
func TestARestoreReachesEveryDevice(t *testing.T) {
	s := newRealScene(t)
	good, spoilt := s.spoil()
	if got := s.states(slot1); got != "1 older, 2 current" {
		t.Fatalf("kept: %s", got)
	}
	for i, c := range []struct {
		version      int
		want, states string
	}{
		{1, good, "1 older, 2 older, 3 current of 1"},
		{2, spoilt, "1 older, 2 older, 3 older of 1, 4 current of 2"},
	} {
		out, err := s.operator().Restore(t.Context(), player, game, []savesync.Source{s.versions(slot1)[c.version-1].Source})
		if err != nil || len(out) != 1 || !out[0].Current || out[0].Unchanged {
			t.Fatalf("restored: %+v, %v", out, err)
		}
		s.committed(slot1, c.want)
		for range 2 {
			s.tick(time.Minute)
			s.sync(s.a)
			s.sync(s.b)
		}
		for _, d := range []*device{s.a, s.b} {
			if d.files[slot1].data != c.want {
				t.Errorf("%d: %s has not got it", i, d.name)
			}
			s.plan(d, "")
		}
		if got := s.states(slot1); got != c.states {
			t.Errorf("kept: %s, want %s", got, c.states)
		}
		deeds := s.record().Support
		if len(deeds) != i+1 || deeds[i].What != "restore" || deeds[i].By != "sam" || deeds[i].Game != game || deeds[i].Files != 1 {
			t.Errorf("the record says %+v", deeds)
		}
		s.tick(time.Hour)
	}
	out, err := s.operator().Restore(t.Context(), player, game, []savesync.Source{s.versions(slot1)[3].Source})
	if err != nil || !out[0].Unchanged || s.states(slot1) != "1 older, 2 older, 3 older of 1, 4 current of 2" {
		t.Errorf("what is current already: %+v, %v, %s", out, err, s.states(slot1))
	}
}

// TestARestoreKeepsWhatADeviceHasNotSent has device B play while it is offline: before
// the restore, which then wins, and after it, which then loses.
func TestARestoreKeepsWhatADeviceHasNotSent(t *testing.T) {
	for _, later := range []bool{false, true} {
		s := newRealScene(t)
		good, _ := s.spoil()
		mine := s.fill(s.b, slot1, "mine", -60)
		if _, err := s.operator().Restore(t.Context(), player, game, []savesync.Source{s.versions(slot1)[0].Source}); err != nil {
			t.Fatal(err)
		}
		want := good
		if later {
			s.tick(time.Hour)
			mine = s.fill(s.b, slot1, "mine, later", -60)
			want = mine
		}
		s.sync(s.b)
		s.sync(s.b)
		s.committed(slot1, want)
		if s.b.files[slot1].data != want {
			t.Errorf("later: %v; B has %s", later, s.label(s.b.files[slot1].data))
		}
		if kept := s.watcher.stored()[content{slot1, mine}]; !kept {
			t.Errorf("later: %v; what B had is not kept", later)
		}
		if !later && !strings.HasSuffix(s.states(slot1), "losing") {
			t.Errorf("kept: %s", s.states(slot1))
		}
	}
}

// TestWhatCannotBeRestored wants an error that tells each, and nothing changed.
func TestWhatCannotBeRestored(t *testing.T) {
	s := newRealScene(t)
	s.spoil()
	before, _ := s.store.Record(player)
	good := s.versions(slot1)[0]
	half := s.store.Put("users/"+player+"/"+game+"/content/"+slot1+"/half", "PK half")
	k := func(id, version string, size int64) savesync.Source {
		return savesync.Source{Name: slot1, ID: id, Version: version, Size: size}
	}
	restore := func(src savesync.Source) error {
		_, err := s.operator().Restore(t.Context(), player, game, []savesync.Source{src})
		return err
	}
	if _, ok := errors.AsType[*savesync.GoneError](restore(k(good.ID, "v999", good.Size))); !ok {
		t.Error("a version that is gone is restored")
	}
	if _, ok := errors.AsType[*savesync.DamagedError](restore(k("half", half, 7))); !ok {
		t.Error("a damaged version is restored over one that can be read")
	}
	// The release before this one, which a rollback brings back, writes not what reading has shown.
	s.store.SetRecord(player, unknownBefore.ReplaceAllString(before, ""))
	if _, ok := errors.AsType[*savesync.DamagedError](restore(k("half", half, 7))); !ok {
		t.Error("a damaged version is restored over one that can be read, but was not")
	}
	s.store.SetRecord(player, before)
	if err := restore(k(good.ID, good.Version, good.Size+1)); err == nil {
		t.Error("a version of another size is restored")
	}
	for name, data := range map[string]string{"../x": "x", "auto-1-LT1.save": "x", slot1: strings.Repeat("x", hugeSize+1), slot2: ""} {
		if _, err := s.operator().Upload(t.Context(), player, game, name, []byte(data)); !isBarred(err) {
			t.Errorf("upload of %s: %v", name, err)
		}
	}
	s.service.Limits.PlayerFiles = 1
	if _, err := s.operator().Upload(t.Context(), player, game, slot2, []byte(form(slot2, "x"))); !isBarred(err) {
		t.Errorf("a file too many: %v", err)
	}
	if after, _ := s.store.Record(player); after != before {
		t.Errorf("the record was %s and is %s", before, after)
	}
}

func isBarred(err error) bool { _, ok := errors.AsType[*savesync.BarredError](err); return ok }

// TestAnUploadReachesEveryDevice gives a player a file that support was sent.
func TestAnUploadReachesEveryDevice(t *testing.T) {
	s := newRealScene(t)
	s.spoil()
	data := s.make(slot1, "by mail")
	out, err := s.operator().Upload(t.Context(), player, game, slot1, []byte(data))
	if err != nil || !out.Current {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, d := range []*device{s.a, s.b} {
		s.tick(time.Minute)
		s.sync(d)
		if d.files[slot1].data != data {
			t.Errorf("%s has not got it", d.name)
		}
	}
	if list := s.versions(slot1); list[len(list)-1].Origin != savesync.Uploaded {
		t.Errorf("kept: %+v", list)
	}
}

// TestAMoveGivesTheNewer moves saves to a player who has some: of what both have the
// newer wins, and the other is kept.
func TestAMoveGivesTheNewer(t *testing.T) {
	s := newRealScene(t)
	s.service.NewID = idsInOrder()
	mine := s.fill(s.a, slot1, "mine, newer", 0)
	s.fill(s.a, "persistent", "mine, older", -100)
	only := s.fill(s.a, "1-2-LT1.save", "only mine", -100)
	s.sync(s.a)
	s.b.player = sibling
	theirs := s.fill(s.b, slot1, "theirs, older", -50)
	rich := s.fill(s.b, "persistent", "theirs, newer", -10)
	s.sync(s.b)
	s.tick(time.Minute)
	out, err := s.operator().Move(t.Context(), player, sibling, game)
	if err != nil || len(out) != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	if len(s.watcher.now().Files) != 0 || len(s.record().Support) != 1 {
		t.Errorf("the first player's record: %+v", s.record())
	}
	files := s.watchers[sibling].now().Files
	for name, want := range map[string]string{slot1: mine, "persistent": rich, "1-2-LT1.save": only} {
		if files[name].Checksum != memstore.Checksum(want) {
			t.Errorf("%s is not the newer", name)
		}
	}
	if kept := s.watchers[sibling].stored(); !kept[content{slot1, theirs}] || len(kept) != 5 {
		t.Errorf("kept of the second: %d contents", len(kept))
	}
	if kept := s.watcher.stored(); len(kept) != 3 {
		t.Errorf("kept of the first: %d contents", len(kept))
	}
	if out, err := s.operator().Move(t.Context(), player, sibling, game); err != nil || len(out) != 0 {
		t.Errorf("moved again: %+v, %v", out, err)
	}
	s.sync(s.b)
	s.tick(time.Minute)
	s.sync(s.b)
	if s.b.files[slot1].data != mine {
		t.Error("the second player's device has not got the first's save")
	}
}

// TestForgottenStaysForgotten erases a player of whom a device is in the middle of a sync.
func TestForgottenStaysForgotten(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "x", 0)
	s.plan(s.a, "send persistent")
	asked := s.now
	s.ask(s.b)
	stone, err := s.operator().Forget(t.Context(), player)
	if err != nil || !time.Unix(stone.Quiet, 0).After(asked.Add(savesync.URLLife)) {
		t.Fatalf("%+v, %v", stone, err)
	}
	before, _ := s.store.Record(player)
	if strings.Contains(before, "persistent") {
		t.Errorf("what is left: %s", before)
	}
	s.transfer(s.a, arrives)
	for _, serve := range []func(context.Context, string, []byte) savesync.Reply{s.service.ServePlan, s.service.ServeComplete} {
		if status, word, _ := ask(t, serve, []byte(`{"game_id":"my_game","manifest":{}}`)); status != 403 || word != "forgotten" {
			t.Errorf("%d %s", status, word)
		}
	}
	for what, err := range map[string]error{
		"ban":   s.operator().Ban(t.Context(), player, savesync.Ban{}),
		"unban": s.operator().Unban(t.Context(), player),
	} {
		if !errors.Is(err, savesync.ErrForgotten) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.tick(time.Hour)
	if again, err := s.operator().Forget(t.Context(), player); err != nil || again != stone {
		t.Errorf("forgotten again: %+v, %v", again, err)
	}
	if after, _ := s.store.Record(player); after != before {
		t.Errorf("the record is %s", after)
	}
	s.store.SetRecord(sibling, "{damaged")
	if _, err := s.operator().Forget(t.Context(), sibling); err != nil {
		t.Errorf("of a damaged record: %v", err)
	}
	s.b.request = nil
}

// TestVerifyAndRepair does to committed files what somebody with the bucket's keys can.
func TestVerifyAndRepair(t *testing.T) {
	for _, c := range []struct {
		what   string
		do     func(s *scene, key string, f savesync.File)
		fault  savesync.Fault
		remedy savesync.Remedy
		states string
	}{
		{"nothing", func(*scene, string, savesync.File) {}, "", "", "1 older, 2 current"},
		{"a delete marker", func(s *scene, key string, _ savesync.File) { _ = s.store.Retire(s.t.Context(), []string{key}) },
			savesync.FaultExpiring, savesync.Copied, "1 older, 2 older, 3 current of 2"},
		{"overwritten", func(s *scene, key string, _ savesync.File) { s.store.Put(key, "x") },
			savesync.FaultExpiring, savesync.Copied, "1 older, 2 older, 3 losing, 4 current of 2"},
		{"destroyed", func(s *scene, key string, f savesync.File) { s.store.Destroy(key, f.Version) },
			savesync.FaultGone, savesync.FellBack, "1 older, 2 current of 1"},
		{"put there again, and the first destroyed", func(s *scene, key string, f savesync.File) {
			v, _ := s.store.Find(key, f.Version)
			s.store.Put(key, v.Data)
			s.store.Destroy(key, f.Version)
		}, savesync.FaultGone, savesync.Copied, "1 older, 2 losing, 3 current of 2"},
		{"written over by as many bytes, and the first destroyed", func(s *scene, key string, f savesync.File) {
			s.store.Put(key, strings.Repeat("x", int(f.Size)))
			s.store.Destroy(key, f.Version)
		}, savesync.FaultGone, savesync.FellBack, "1 older, 2 losing, 3 current of 1"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newRealScene(t)
			good, spoilt := s.spoil()
			f := s.committed(slot1, spoilt)
			key := s.key(player, slot1, f.ID)
			c.do(s, key, f)
			s.watcher.vandalized(content{slot1, spoilt}, key)
			o := s.operator()
			checkup, err := o.Verify(t.Context(), player, true)
			if err != nil || checkup.Files != 1 || checkup.Bytes != f.Size || (len(checkup.Findings) == 0) != (c.fault == "") {
				t.Fatalf("%+v, %v", checkup, err)
			}
			for _, finding := range checkup.Findings {
				if finding.Fault != c.fault {
					t.Errorf("found %+v", finding)
				}
				if remedy, err := o.Repair(t.Context(), player, finding); err != nil || remedy != c.remedy {
					t.Errorf("repaired: %s, %v", remedy, err)
				}
				if remedy, err := o.Repair(t.Context(), player, finding); err != nil || remedy != savesync.Overtaken {
					t.Errorf("repaired again: %s, %v", remedy, err)
				}
			}
			if checkup, err := o.Verify(t.Context(), player, true); err != nil || len(checkup.Findings) != 0 {
				t.Errorf("after it: %+v, %v", checkup, err)
			}
			if got := s.states(slot1); !strings.HasPrefix(got, c.states) {
				t.Errorf("kept: %s, want %s", got, c.states)
			}
			if c.remedy == savesync.FellBack {
				s.committed(slot1, good)
			}
			// Device A has it, and nothing of it is lost.
			s.sync(s.a)
			s.committed(slot1, spoilt)
			s.plan(s.a, "")
		})
	}
}

// TestWhatIsGoneIsDropped has no older version to fall back to.
func TestWhatIsGoneIsDropped(t *testing.T) {
	s := newRealScene(t)
	data := s.fill(s.a, slot1, "only", 0)
	s.sync(s.a)
	f := s.committed(slot1, data)
	key := "users/" + player + "/" + game + "/content/" + slot1 + "/" + f.ID
	s.store.Delete(key)
	s.watcher.vandalized(content{slot1, data}, key)
	checkup, err := s.operator().Verify(t.Context(), player, false)
	if err != nil || len(checkup.Findings) != 1 {
		t.Fatalf("%+v, %v", checkup, err)
	}
	if remedy, err := s.operator().Repair(t.Context(), player, checkup.Findings[0]); err != nil || remedy != savesync.Dropped {
		t.Fatalf("%s, %v", remedy, err)
	}
	s.plan(s.a, "send "+slot1)
	s.carry(s.a)
	s.committed(slot1, data)
}

// TestOperatorsCanBeInterrupted has each verb fail at each of its calls, with and without
// effect, and be made again: it then does all that it does, and nothing else is left.
func TestOperatorsCanBeInterrupted(t *testing.T) {
	for _, verb := range []struct {
		name string
		do   func(s *scene, o *savesync.Operator, oldest savesync.Source) error
		want string
	}{
		{"ban", func(s *scene, o *savesync.Operator, _ savesync.Source) error {
			return o.Ban(s.t.Context(), player, savesync.Ban{Reason: "r"})
		}, "spoilt"},
		{"forget", func(s *scene, o *savesync.Operator, _ savesync.Source) error {
			_, err := o.Forget(s.t.Context(), player)
			return err
		}, ""},
		{"restore", func(s *scene, o *savesync.Operator, oldest savesync.Source) error {
			_, err := o.Restore(s.t.Context(), player, game, []savesync.Source{oldest})
			return err
		}, "good"},
		{"upload", func(s *scene, o *savesync.Operator, _ savesync.Source) error {
			_, err := o.Upload(s.t.Context(), player, game, slot1, []byte(s.make(slot1, "by mail")))
			return err
		}, "by mail"},
		{"move", func(s *scene, o *savesync.Operator, _ savesync.Source) error {
			_, err := o.Move(s.t.Context(), sibling, player, game)
			return err
		}, "moved"},
	} {
		t.Run(verb.name, func(t *testing.T) {
			for call, more := 0, true; more; call++ {
				for _, fault := range []memstore.Fault{memstore.Before, memstore.After} {
					s := newRealScene(t)
					s.spoil()
					d := &device{name: "C", player: sibling, files: map[string]local{}, kept: map[string][]string{}}
					s.fill(d, slot1, "moved", 0)
					s.sync(d)
					s.tick(2 * time.Hour) // so that no upload is open
					oldest := s.versions(slot1)[0].Source
					o, calls, hook := s.operator(), 0, s.store.Hook
					s.store.Hook = func(memstore.Call) memstore.Fault {
						if calls++; calls == call+1 {
							return fault
						}
						return memstore.None
					}
					first := verb.do(s, o, oldest)
					more = calls > call
					s.store.Hook = hook
					if err := verb.do(s, o, oldest); err != nil {
						t.Fatalf("call %d fails: %v; again: %v", call, first, err)
					}
					if verb.name == "forget" {
						if s.record().Forgotten == nil {
							t.Fatalf("call %d: not forgotten", call)
						}
						continue
					}
					s.committed(slot1, s.make(slot1, verb.want))
					if (s.record().Ban != nil) != (verb.name == "ban") {
						t.Errorf("call %d: the ban is %+v", call, s.record().Ban)
					}
					s.quietly(t, fmt.Sprintf("%s, call %d", verb.name, call))
				}
			}
		})
	}
}

// quietly wants, when all entries are over, nothing but what the records name to be current.
func (s *scene) quietly(t *testing.T, when string) {
	t.Helper()
	if err := s.operator().Unban(t.Context(), player); err != nil {
		t.Error(err)
	}
	for range 2 { // the first notices what never came, the second has retired it
		s.tick(2 * time.Hour)
		s.fill(s.a, "persistent", when+s.next(), 0)
		s.sync(s.a)
	}
	named := map[string]bool{}
	for _, p := range []string{player, sibling} {
		for name, f := range s.watchers[p].now().Files {
			named[s.key(p, name, f.ID)] = true
		}
	}
	s.store.Versions(func(key string, v memstore.Version) {
		if savesync.IsContent(key) && !v.Marker && v.Replaced.IsZero() && !named[key] {
			t.Errorf("%s: %s is left for ever", when, short(key))
		}
	})
	if open := slices.DeleteFunc(s.watcher.now().Uploads, func(u savesync.Upload) bool { return u.Settled }); len(open) > 0 {
		t.Errorf("%s: %+v is still expected", when, open)
	}
}

// TestADamagedSaveMovesAside moves a newer save that cannot be read to a player who has
// an older one that can, whichever of the records a release before this one has written:
// that writes none of what reading has shown.
func TestADamagedSaveMovesAside(t *testing.T) {
	for name, forgets := range map[string][]string{"both tell": nil, "the one forgets": {player}, "the other forgets": {sibling}, "both forget": {player, sibling}} {
		t.Run(name, func(t *testing.T) {
			s := newRealScene(t)
			s.service.NewID = idsInOrder()
			s.at(s.a, slot1, "PK half", 0)
			s.sync(s.a)
			s.b.player = sibling
			theirs := s.fill(s.b, slot1, "theirs", -50)
			s.sync(s.b)
			for _, p := range forgets {
				record, _ := s.store.Record(p)
				s.store.SetRecord(p, unknownBefore.ReplaceAllString(record, ""))
			}
			out, err := s.operator().Move(t.Context(), player, sibling, game)
			if err != nil || len(out) != 1 || out[0].Current {
				t.Fatalf("%+v, %v", out, err)
			}
			if f := s.watchers[sibling].now().Files[slot1]; f.Checksum != memstore.Checksum(theirs) {
				t.Error("the damaged one won")
			}
			if kept := s.watchers[sibling].stored(); !kept[content{slot1, "PK half"}] {
				t.Error("the damaged one is not kept")
			}
		})
	}
}
