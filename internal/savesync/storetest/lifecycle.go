package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
)

// testLifecycle holds what the bucket does by itself: by letting time go by where
// that can be done, and else by the bucket's configuration.
func testLifecycle(t *testing.T, w *world) {
	if w.Expire == nil {
		CheckRules(t, w.Rules(t))
		return
	}
	t.Run("Contents", func(t *testing.T) { testContentsExpire(t, w) })
	t.Run("Inbox", func(t *testing.T) { testInboxExpires(t, w) })
}

// CheckRules wants a bucket's lifecycle to be the template's, with whatever
// retention: one more rule could expire what a player still has.
func CheckRules(t testing.TB, got []Rule) {
	t.Helper()
	retention := 0
	for _, r := range got {
		if r.ID == "expire-overwritten-saves" {
			retention = r.NoncurrentDays
		}
	}
	if retention < 1 {
		t.Errorf("the bucket has no rule expire-overwritten-saves: %+v", got)
	}
	want := TemplateRules(t, cfn.Template(), retention)
	if !reflect.DeepEqual(sortRules(got), sortRules(want)) {
		t.Errorf("the bucket's lifecycle:\ngot  %+v\nwant %+v", got, want)
	}
}

const day = 24 * time.Hour

// after lets time go by and the lifecycle do its work. S3 does it once a day, so
// nothing is said about the day in which something expires.
func (w *world) after(d time.Duration) {
	w.Pass(d)
	w.Expire()
}

// bare wants nothing below a prefix, not even delete markers.
func (w *world) bare(t *testing.T, prefix string) {
	t.Helper()
	if left := w.Owner.Versions(t, prefix); len(left) > 0 {
		t.Errorf("below %s is left %+v", prefix, left)
	}
}

func testContentsExpire(t *testing.T, w *world) {
	current, replaced, retired := w.key("current"), w.key("replaced"), w.key("retired")
	w.Owner.Put(t, current, "current")
	old := w.Owner.Put(t, replaced, "old")
	last := w.Owner.Put(t, retired, "last")
	w.after(3 * w.Retention) // however old: what is current stays
	w.holds(t, current, "current")
	w.holds(t, replaced, "old")
	w.holds(t, retired, "last")

	w.Owner.Put(t, replaced, "new")
	w.retire(t, retired, w.key("unknown"))
	w.after(w.Retention - day) // counted from when it was replaced
	w.keeps(t, replaced, old, "old")
	w.keeps(t, retired, last, "last")
	w.bare(t, w.key("unknown")) // a delete marker over nothing goes soon
	w.retire(t, retired)        // does not begin the time again
	w.after(2 * day)
	w.lacks(t, replaced, old)
	w.lacks(t, retired, last)
	w.after(w.Retention + 2*day)
	w.bare(t, retired)
	w.holds(t, current, "current")
	w.holds(t, replaced, "new")
}

func testInboxExpires(t *testing.T, w *world) {
	current, replaced, retired := w.inbox("current"), w.inbox("replaced"), w.inbox("retired")
	w.Owner.Put(t, current, "current")
	old := w.Owner.Put(t, replaced, "old")
	last := w.Owner.Put(t, retired, "last")
	w.after(2 * day)
	w.Owner.Put(t, replaced, "new")
	w.retire(t, retired)
	w.after(day / 2)
	w.keeps(t, replaced, old, "old")
	w.keeps(t, retired, last, "last")
	w.after(2 * day)
	w.lacks(t, replaced, old)
	w.bare(t, retired)
	w.holds(t, current, "current")
	w.holds(t, replaced, "new")

	// What nobody ever looked at again goes after the retention time.
	w.after(w.Retention)
	w.lacks(t, current, "")
	w.lacks(t, replaced, "")
	w.after(3 * day)
	w.bare(t, w.inbox(""))
}
