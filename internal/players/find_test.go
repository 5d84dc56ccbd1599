package players_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// serve returns a pool of those accounts.
func serve(t *testing.T, d *awsaccount.Directory) *players.Pool {
	t.Helper()
	fake := awsfake.New(t)
	d.Serve(fake)
	return players.NewPool(idp.NewFromConfig(fake.Config()), poolID)
}

func emailsOf(list []players.Player) []string {
	var emails []string
	for _, p := range list {
		emails = append(emails, p.Email)
	}
	return emails
}

// Whoever is found is whoever was meant, by a Cognito that keeps to its word
// and by one that answers everybody.
func TestFind(t *testing.T) { synctest.Test(t, testFind) }

func testFind(t *testing.T) {
	long := strings.Repeat("a", 250)
	for _, lax := range []bool{false, true} {
		d := &awsaccount.Directory{Lax: lax}
		for i, email := range []string{
			"somebody@example.org", "ann@example.com", "ann@example.com.au", "bea@example.com", "Cy@Example.com",
			"o'neil@example.com", `"d@d"@example.com`, `x"y@example.com`, long + "1@example.com", long + "2@example.com",
			"twin@example.com", "Twin@example.com", "müller@example.com",
		} {
			d.Add(i+0xa0, email)
		}
		pool := serve(t, d)
		for name, want := range map[string]string{
			"ann@example.com":                      "ann@example.com", // although another one begins so
			"ANN@example.com":                      "ann@example.com",
			"ann@example.com.":                     "ann@example.com.au",
			"Cy":                                   "Cy@Example.com",
			"bea":                                  "bea@example.com",
			"b":                                    "bea@example.com",
			"o'":                                   "o'neil@example.com",
			`"d@d"@example.com`:                    `"d@d"@example.com`,
			`x"y@example.com`:                      `x"y@example.com`,
			long + "2@example.com":                 long + "2@example.com",
			"müller@example.com":                   "müller@example.com",
			"000000a3":                             "bea@example.com",
			"000000A3-96e4":                        "bea@example.com",
			"000000a3-96e4-407f-8863-d2557cfe4dc4": "bea@example.com",
		} {
			p, err := pool.Find(t.Context(), name)
			if err != nil || p.Email != want {
				t.Errorf("lax %v: %q is %q, %v; want %q", lax, name, p.Email, err, want)
			}
		}
		for _, name := range []string{"", "nobody@example.com", "dora", "000000ff", `x" or email ^= "@`, `x\@example.com`, "ann@example.co*", "%"} {
			if p, err := pool.Find(t.Context(), name); !errors.Is(err, players.ErrNoPlayer) {
				t.Errorf("lax %v: %q is %q, %v; want nobody", lax, name, p.Email, err)
			}
		}
	}
}

// A name that several have is nobody's, and the error names them.
func TestFindRefusesToChoose(t *testing.T) { synctest.Test(t, testFindRefusesToChoose) }

func testFindRefusesToChoose(t *testing.T) {
	d := &awsaccount.Directory{}
	for i := range 400 {
		d.Add(i, fmt.Sprintf("p%03d@example.com", i))
	}
	d.Add(1000, "ann@example.com")
	d.Add(1001, "ann.lee@example.com")
	d.Add(1002, "twin@example.com")
	d.Add(1003, "Twin@example.com")
	pool := serve(t, d)
	for name, want := range map[string]struct {
		emails     []string
		more, same bool
	}{
		"ann":              {[]string{"ann@example.com", "ann.lee@example.com"}, false, false},
		"p":                {[]string{"p000@example.com", "p001@example.com", "p002@example.com", "p003@example.com", "p004@example.com"}, true, false},
		"Twin@example.com": {[]string{"Twin@example.com", "twin@example.com"}, false, true}, // one address, but for a capital
	} {
		_, err := pool.Find(t.Context(), name)
		several, ok := errors.AsType[*players.AmbiguousError](err)
		if !ok || !slices.Equal(emailsOf(several.Players), want.emails) || several.More != want.more || several.SameAddress != want.same {
			t.Errorf("%q: %v %+v; want %+v", name, err, several, want)
		}
	}
	d.Asked = nil
	if _, err := pool.Find(t.Context(), "p"); err == nil || len(d.Asked) != 1 {
		t.Errorf("asked %q, where the first page says enough", d.Asked)
	}
}

func TestNobodyNamesTheNearest(t *testing.T) { synctest.Test(t, testNobodyNamesTheNearest) }

func testNobodyNamesTheNearest(t *testing.T) {
	d := &awsaccount.Directory{}
	for i, email := range []string{"ann.lee@example.com", "anna.lee@example.com", "bob@example.com", "zoe@example.com"} {
		d.Add(i, email)
	}
	pool := serve(t, d)
	for name, want := range map[string][]string{
		"ann.le@example.com": {"ann.lee@example.com", "anna.lee@example.com"},
		"bpb@example.com":    {"bob@example.com"},
		"xann@example.com":   nil,
		"nobody@example.net": nil,
		"zoë@example.com":    {"zoe@example.com"},
		`"`:                  nil,
	} {
		_, err := pool.Find(t.Context(), name)
		none, ok := errors.AsType[*players.NoPlayerError](err)
		if !ok || !slices.Equal(emailsOf(none.Nearest), want) {
			t.Errorf("%q: %v, nearest %v, want %v", name, err, none, want)
		}
	}
}

// Filters are such that Cognito reads them: it refuses those over 256 characters.
func TestFiltersFit(t *testing.T) { synctest.Test(t, testFiltersFit) }

func testFiltersFit(t *testing.T) {
	d := &awsaccount.Directory{}
	pool := serve(t, d)
	for _, name := range []string{strings.Repeat("a", 400), strings.Repeat("ü", 400), `a\b`, `a"b`} {
		if _, err := pool.Find(t.Context(), name); !errors.Is(err, players.ErrNoPlayer) {
			t.Errorf("%.9q: %v", name, err)
		}
	}
}

func TestQueries(t *testing.T) { synctest.Test(t, testQueries) }

func testQueries(t *testing.T) {
	for _, lax := range []bool{false, true} {
		d := &awsaccount.Directory{Lax: lax}
		d.Add(1, "ann@example.com")
		d.Add(2, "Andy@example.com").Status = "UNCONFIRMED"
		d.Add(3, "bea@example.com").Disabled = true
		d.Add(4, "cy@example.com").Status = "RESET_REQUIRED"
		pool := serve(t, d)
		for _, c := range []struct {
			q    players.Query
			want []string
		}{
			{players.Query{}, []string{"ann@example.com", "Andy@example.com", "bea@example.com", "cy@example.com"}},
			{players.Query{State: players.Confirmed}, []string{"ann@example.com"}},
			{players.Query{State: players.Unconfirmed}, []string{"Andy@example.com"}},
			{players.Query{State: players.Disabled}, []string{"bea@example.com"}},
			{players.Query{State: players.Stranded}, []string{"cy@example.com"}},
			{players.Query{Email: "An"}, []string{"Andy@example.com", "ann@example.com"}},
			{players.Query{Email: "An", State: players.Confirmed}, []string{"ann@example.com"}},
			{players.Query{Since: d.Users[2].Created}, []string{"bea@example.com", "cy@example.com"}},
		} {
			var got []players.Player
			for p, err := range pool.List(t.Context(), c.q) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p)
			}
			emails := emailsOf(got)
			slices.Sort(emails)
			slices.Sort(c.want)
			if !slices.Equal(emails, c.want) {
				t.Errorf("lax %v, %+v: %v, want %v", lax, c.q, emails, c.want)
			}
		}
	}
}

// Cognito takes 30 pages a second from an account. The first ones come at once.
func TestListKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &awsaccount.Directory{}
		for i := range 60 * 100 {
			d.Add(i, fmt.Sprintf("p%d@example.com", i))
		}
		fake := awsfake.New(t)
		d.Serve(fake)
		pool := players.NewPool(idp.NewFromConfig(fake.Config()), poolID)
		start, n := time.Now(), 0
		var pages []time.Time
		for _, err := range pool.List(t.Context(), players.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 && time.Since(start) > 0 {
				t.Errorf("the first row came after %s", time.Since(start))
			}
			if n%60 == 1 {
				pages = append(pages, time.Now())
			}
		}
		for i := range pages {
			if j := i + 29; j < len(pages) && pages[j].Sub(pages[i]) < time.Second {
				t.Fatalf("30 pages within %s", pages[j].Sub(pages[i]))
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("100 pages took %s", took)
		}
	})
}
