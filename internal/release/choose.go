package release

import "fmt"

// UnusableError says why a release cannot be gone back to.
type UnusableError struct{ text string }

func (e *UnusableError) Error() string { return e.text }

// Usable tells whether the release can be gone back to; the error is an *[UnusableError].
func (r Release) Usable() error {
	text := ""
	switch {
	case r.Damaged != "":
		text = fmt.Sprintf("release %d cannot be used: %s", r.Number, r.Damaged)
	case r.Proven:
		return nil
	case r.Kind == FunctionOnly:
		text = fmt.Sprintf("release %d changed the code of single functions only and cannot be gone back to", r.Number)
	case r.Outcome.Result != Succeeded:
		text = fmt.Sprintf("release %d did not succeed and cannot be gone back to", r.Number)
	default:
		text = fmt.Sprintf("release %d cannot be used: the stack does not say that it has been what the record tells", r.Number)
	}
	return &UnusableError{text}
}

// Doubtful tells a release that says of itself that it could be gone back to,
// and cannot, from those that failed or were of single functions.
func (r Release) Doubtful() bool {
	return r.Usable() != nil && (r.Damaged != "" || r.Kind != FunctionOnly && r.Outcome.Result == Succeeded)
}

// Source is the number of the deploy that the release is: its own, or of the one
// gone back to. After a rollback, going back once more leads to what was before that.
func (r Release) Source() int {
	if r.Origin != 0 && r.Proven {
		return r.Origin
	}
	return r.Number
}

// Pick finds the release to go back to: the one of the number that is wanted,
// or, for 0, the newest usable one before a number. Numbers are those of all
// releases, the newest first.
func Pick(numbers []int, before, wanted int, get func(int) (Release, error)) (Release, error) {
	if wanted != 0 {
		r, err := get(wanted)
		if err == nil {
			err = r.Usable()
		}
		return r, err
	}
	if before == 0 {
		return Release{}, fmt.Errorf("%w: the stack does not say which one is live", ErrNoRelease)
	}
	for _, n := range numbers {
		if n >= before {
			continue
		}
		r, err := get(n)
		if err != nil {
			return Release{}, err
		}
		if r.Usable() == nil {
			return r, nil
		}
	}
	return Release{}, fmt.Errorf("%w: release %d is live, and none before it has succeeded", ErrNoRelease, before)
}

// Old are the numbers of the releases that are older than the oldest one to
// keep: the live one, what it went back to, and the latest successful ones. The
// list has the newest first.
func Old(list []Release, live, keep int) []int {
	oldest := 0
	need := func(n int) {
		if oldest == 0 || n < oldest {
			oldest = n
		}
	}
	kept := 0
	for _, r := range list {
		switch {
		case r.Number == live:
			need(r.Source())
		case kept < keep && r.Usable() == nil:
			need(r.Number)
			kept++
		}
	}
	old := []int{}
	for _, r := range list {
		if r.Number < oldest {
			old = append(old, r.Number)
		}
	}
	return old
}
