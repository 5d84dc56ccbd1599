package health

import (
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/mail"
)

// What keeps SES from sending to somebody who signs up is a problem; what may soon is a warning.
func TestSender(t *testing.T) {
	fine := mail.Account{Production: true, Enabled: true, Enforcement: "HEALTHY", Daily: 50_000, Sent: 10}
	for _, c := range []struct {
		what   string
		change func(*mail.Account)
		want   Grade
	}{
		{"all is well", func(*mail.Account) {}, Well},
		{"any number of mails", func(a *mail.Account) { a.Daily, a.Sent = -1, 1e6 }, Well},
		{"the sandbox", func(a *mail.Account) { a.Production = false }, Problem},
		{"a stop", func(a *mail.Account) { a.Enabled = false }, Problem},
		{"a shutdown", func(a *mail.Account) { a.Enforcement = "SHUTDOWN" }, Problem},
		{"a probation", func(a *mail.Account) { a.Enforcement = "PROBATION" }, Warning},
		{"a quota near its end", func(a *mail.Account) { a.Sent = 40_000 }, Warning},
	} {
		account := fine
		c.change(&account)
		found, err := sender(account)
		if err != nil || len(found) != 1 || found[0].Grade != c.want {
			t.Errorf("%s: %+v, %v", c.what, found, err)
		}
	}
}
