package players

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrNoPlayer says that nobody is called so.
var ErrNoPlayer = errors.New("no such player")

// NoPlayerError is [ErrNoPlayer] with the players whose addresses are nearest.
type NoPlayerError struct{ Nearest []Player }

func (e *NoPlayerError) Error() string { return ErrNoPlayer.Error() }

func (e *NoPlayerError) Unwrap() error { return ErrNoPlayer }

// AmbiguousError says that several players are called so.
type AmbiguousError struct {
	Players []Player // some of them
	More    bool     // there are others
	// SameAddress says that they have one address, but for the case of its
	// letters, as pools have them that were made by other tools.
	SameAddress bool
}

func (e *AmbiguousError) Error() string {
	var names []string
	for _, p := range e.Players {
		name := p.Email
		if e.SameAddress {
			name += " (" + p.Sub + ")"
		}
		names = append(names, name)
	}
	if e.More {
		names = append(names, "and others")
	}
	what := "several players are called so: "
	if e.SameAddress {
		what = "several accounts have that address, but for the case of its letters: "
	}
	return what + strings.Join(names, ", ")
}

// maxNamed is how many players an error names.
const maxNamed = 5

var subPattern = regexp.MustCompile(`^[0-9A-Fa-f-]{1,36}$`)

// IsSub tells whether a name is a sub in full, by its form.
func IsSub(name string) bool {
	return len(name) == len("8bb0ed4e-96e4-407f-8863-d2557cfe4dc4") && subPattern.MatchString(name)
}

// Find returns the player of that e-mail address or sub, or the only one whose
// address or sub begins so, synthetic players left out. The errors are *[NoPlayerError] and *[AmbiguousError].
func (p *Pool) Find(ctx context.Context, name string) (Player, error) {
	found := search{name: name}
	for _, filter := range found.filters() {
		for player, err := range p.list(ctx, filter) {
			if err != nil {
				return Player{}, err
			}
			if found.add(player); found.enough() {
				break
			}
		}
	}
	player, err := found.answer()
	if errors.Is(err, ErrNoPlayer) {
		return player, p.nobody(ctx, name)
	}
	return player, err
}

// search gathers who is meant by a name.
type search struct {
	name  string
	exact []Player // called so in full
	begin []Player // whose address or sub only begins so
}

// filters are the questions to Cognito. One that it cannot be asked is "", for
// all players.
func (s *search) filters() []string {
	if s.name == "" { // what every address begins with is no name
		return nil
	}
	sub := begins("sub", strings.ToLower(s.name))
	if IsSub(s.name) {
		return []string{sub}
	}
	list := emails(s.name)
	if subPattern.MatchString(s.name) {
		list = append(list, sub)
	}
	return list
}

func (s *search) add(p Player) {
	list := &s.begin
	switch {
	case p.Called(s.name):
		list = &s.exact
	case !hasPrefixFold(p.Email, s.name) && !hasPrefixFold(p.Sub, s.name), p.Synthetic():
		return
	}
	if !slices.ContainsFunc(*list, func(o Player) bool { return o.Sub == p.Sub }) && len(*list) <= maxNamed {
		*list = append(*list, p)
	}
}

// enough tells whether no other answer can change the outcome: who is called so
// in full may come last, but only an address or a whole sub can be that.
func (s *search) enough() bool {
	whole := strings.Contains(s.name, "@") || IsSub(s.name)
	return len(s.exact) > 1 || !whole && len(s.begin) > maxNamed
}

func (s *search) answer() (Player, error) {
	list := s.exact
	if len(list) == 0 {
		list = s.begin
	}
	switch len(list) {
	case 0:
		return Player{}, ErrNoPlayer
	case 1:
		return list[0], nil
	}
	named := list[:min(len(list), maxNamed)]
	return Player{}, &AmbiguousError{Players: named, More: len(list) > len(named), SameAddress: len(s.exact) > 1}
}

// nobody is the error for a name that nobody has, with those that are nearest
// among the addresses that begin alike.
func (p *Pool) nobody(ctx context.Context, name string) error {
	none := &NoPlayerError{}
	local, _, _ := strings.Cut(name, "@")
	runes := []rune(local)
	for _, length := range []int{(len(runes) + 1) / 2, 1} {
		if len(runes) < length || len(none.Nearest) > 0 {
			break
		}
		filter := begins("email", string(runes[:length]))
		if filter == "" {
			break
		}
		near, err := p.nearest(ctx, filter, name)
		if err != nil {
			return fmt.Errorf("%w (and those nearest could not be listed: %w)", ErrNoPlayer, err)
		}
		none.Nearest = near
	}
	return none
}

// lookedAt is among how many players those nearest to a name are looked for.
const lookedAt = 300

func (p *Pool) nearest(ctx context.Context, filter, name string) ([]Player, error) {
	type candidate struct {
		Player
		distance int
	}
	var list []candidate
	seen := 0
	for player, err := range p.list(ctx, filter) {
		if err != nil {
			return nil, err
		}
		if d := distance(strings.ToLower(player.Email), strings.ToLower(name)); d <= 2+len(name)/8 && !player.Synthetic() {
			list = append(list, candidate{player, d})
		}
		if seen++; seen == lookedAt {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return a.distance - b.distance })
	var near []Player
	for _, c := range list[:min(3, len(list))] {
		near = append(near, c.Player)
	}
	return near, nil
}

// distance is how many letters have to be put in, taken out or changed to make
// one text the other (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(to)]
}
