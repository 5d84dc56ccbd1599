package players

import (
	"context"
	"crypto/rand"
	"iter"
	"regexp"
	"strings"
)

// Synthetic players are made by checks of a stage, not by people. Their addresses are
// below a domain that can never get mail: the name .invalid belongs to nobody (RFC 2606).
const (
	syntheticBegins = "smoke-"
	syntheticDomain = "@renpyctl.invalid"
)

var syntheticAddress = regexp.MustCompile(`^` + syntheticBegins + `[0-9a-z]{26}` + regexp.QuoteMeta(syntheticDomain) + `$`)

// Synthetic tells whether a check made the account. Nobody else can make one that passes
// for it: the address counts as verified, which only an operator's call can do without a
// mail that arrives.
func (p Player) Synthetic() bool { return p.Verified && syntheticAddress.MatchString(p.Email) }

// CreateSynthetic makes a synthetic player, who can sign in at once with the password
// that is returned. Nobody gets a mail. Where an error comes with a player who has a
// Sub, the account is there and cannot be used.
func (p *Pool) CreateSynthetic(ctx context.Context) (player Player, password string, err error) {
	password = RandomPassword()
	player, err = p.Create(ctx, syntheticBegins+strings.ToLower(rand.Text())+syntheticDomain, password)
	return player, password, err
}

// Synthetic streams the synthetic players, as [Pool.List] does all others.
func (p *Pool) Synthetic(ctx context.Context) iter.Seq2[Player, error] {
	return func(yield func(Player, error) bool) {
		for player, err := range p.List(ctx, Query{Email: syntheticBegins, Synthetic: true}) {
			if (err != nil || player.Synthetic()) && !yield(player, err) {
				return
			}
		}
	}
}
