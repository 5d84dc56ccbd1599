package awsaccount

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// Directory are the accounts in a user pool, as Cognito administers them (API
// reference; the wordings are from public issues).
type Directory struct {
	mu    sync.Mutex
	Users []*User
	// Lax is a directory that answers everybody to a filter that it cannot read, as
	// the local cloud does, and to the status of users.
	Lax   bool
	Mails []string // who was sent one
	Asked []string // the filters of ListUsers, "" for none

	created int // how many were, so that no id comes twice
}

// User is an account in a [Directory].
type User struct {
	Sub, Email, Status, Password string
	Verified, Disabled           bool
	SignedOut                    bool // everywhere, by an operator
	Created                      time.Time
}

// Add adds a confirmed player whose id is made of a number, and returns it.
func (d *Directory) Add(n int, email string) *User {
	u := &User{
		Sub: fmt.Sprintf("%08x-96e4-407f-8863-d2557cfe4dc4", n), Email: email, Status: "CONFIRMED", Verified: true,
		Created: time.Date(1999, 12, 20, 9, 0, n, 0, time.UTC), // bubbles begin at the end of that year,
	}
	d.Users = append(d.Users, u)
	return u
}

var (
	noUser       = awsfake.Error{Code: "UserNotFoundException", Message: "User does not exist."}
	userExists   = awsfake.Error{Code: "UsernameExistsException", Message: "User account already exists"}
	emailExists  = awsfake.Error{Code: "AliasExistsException", Message: "An account with the given email already exists."}
	badFilter    = awsfake.Error{Code: "InvalidParameterException", Message: "Error while parsing filter."}
	weakPassword = awsfake.Error{Code: "InvalidPasswordException", Message: "Password did not conform with policy: Password not long enough"}
	notConfirmed = awsfake.Error{Code: "NotAuthorizedException", Message: "User cannot be confirmed. Current status is CONFIRMED"}
)

// Serve answers a fake's calls about users.
func (d *Directory) Serve(f *awsfake.Fake) {
	awsfake.On(f, d.list)
	awsfake.On(f, d.create)
	awsfake.On(f, func(in *idp.ResendConfirmationCodeInput) (*idp.ResendConfirmationCodeOutput, error) {
		return &idp.ResendConfirmationCodeOutput{}, d.with(in.Username, func(u *User) error {
			d.Mails = append(d.Mails, u.Email)
			return nil
		})
	})
	awsfake.On(f, func(in *idp.AdminConfirmSignUpInput) (*idp.AdminConfirmSignUpOutput, error) {
		return &idp.AdminConfirmSignUpOutput{}, d.with(in.Username, func(u *User) error {
			if u.Status == "CONFIRMED" {
				return notConfirmed
			}
			u.Status = "CONFIRMED"
			return nil
		})
	})
	awsfake.On(f, func(in *idp.AdminSetUserPasswordInput) (*idp.AdminSetUserPasswordOutput, error) {
		return &idp.AdminSetUserPasswordOutput{}, d.with(in.Username, func(u *User) error {
			if weak(*in.Password) {
				return weakPassword
			}
			u.Password, u.Status = *in.Password, "FORCE_CHANGE_PASSWORD"
			if in.Permanent {
				u.Status = "CONFIRMED"
			}
			return nil
		})
	})
	awsfake.On(f, func(in *idp.AdminUpdateUserAttributesInput) (*idp.AdminUpdateUserAttributesOutput, error) {
		return &idp.AdminUpdateUserAttributesOutput{}, d.with(in.Username, func(u *User) error { return d.set(u, in.UserAttributes) })
	})
	awsfake.On(f, func(in *idp.AdminDisableUserInput) (*idp.AdminDisableUserOutput, error) {
		return &idp.AdminDisableUserOutput{}, d.with(in.Username, func(u *User) error { u.Disabled = true; return nil })
	})
	awsfake.On(f, func(in *idp.AdminEnableUserInput) (*idp.AdminEnableUserOutput, error) {
		return &idp.AdminEnableUserOutput{}, d.with(in.Username, func(u *User) error { u.Disabled = false; return nil })
	})
	awsfake.On(f, func(in *idp.AdminUserGlobalSignOutInput) (*idp.AdminUserGlobalSignOutOutput, error) {
		return &idp.AdminUserGlobalSignOutOutput{}, d.with(in.Username, func(u *User) error { u.SignedOut = true; return nil })
	})
	awsfake.On(f, func(in *idp.AdminDeleteUserInput) (*idp.AdminDeleteUserOutput, error) {
		return &idp.AdminDeleteUserOutput{}, d.with(in.Username, func(u *User) error {
			d.Users = slices.DeleteFunc(d.Users, func(o *User) bool { return o == u })
			return nil
		})
	})
}

// with does something to the user of a sub or an address.
func (d *Directory) with(name *string, do func(*User) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range d.Users {
		if u.Sub == *name || strings.EqualFold(u.Email, *name) {
			return do(u)
		}
	}
	return noUser
}

func (d *Directory) set(u *User, attributes []types.AttributeType) error {
	for _, a := range attributes {
		switch *a.Name {
		case "email":
			if slices.ContainsFunc(d.Users, func(o *User) bool { return o != u && strings.EqualFold(o.Email, *a.Value) }) {
				return emailExists
			}
			u.Email, u.Verified = *a.Value, false
		case "email_verified":
			u.Verified = *a.Value == "true"
		}
	}
	return nil
}

func (d *Directory) create(in *idp.AdminCreateUserInput) (*idp.AdminCreateUserOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case slices.ContainsFunc(d.Users, func(o *User) bool { return strings.EqualFold(o.Email, *in.Username) }):
		return nil, userExists
	case in.TemporaryPassword != nil && weak(*in.TemporaryPassword):
		return nil, weakPassword
	}
	d.created++
	u := d.Add(0x1000+d.created, *in.Username)
	u.Status, u.Verified, u.Created = "FORCE_CHANGE_PASSWORD", false, time.Now()
	if in.MessageAction != types.MessageActionTypeSuppress {
		d.Mails = append(d.Mails, u.Email)
	}
	if err := d.set(u, in.UserAttributes); err != nil {
		return nil, err
	}
	user := u.describe()
	return &idp.AdminCreateUserOutput{User: &user}, nil
}

// weak goes by the template's rules.
func weak(password string) bool {
	return len(password) < 8 || !strings.ContainsFunc(password, unicode.IsLower) ||
		!strings.ContainsFunc(password, unicode.IsUpper) || !strings.ContainsFunc(password, unicode.IsDigit)
}

const usersPage = 60

var filterPattern = regexp.MustCompile(`^([a-z:_]+) (\^?=) "((?:[^"\\]|\\.)*)"$`)

// list hands out pages by an offset.
func (d *Directory) list(in *idp.ListUsersInput) (*idp.ListUsersOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	matches, err := d.filter(aws.ToString(in.Filter))
	if err != nil {
		return nil, err
	}
	d.Asked = append(d.Asked, aws.ToString(in.Filter))
	from, _ := strconv.Atoi(aws.ToString(in.PaginationToken))
	out := &idp.ListUsersOutput{}
	n := 0
	for _, u := range d.Users {
		if !matches(u) {
			continue
		}
		if n++; n <= from {
			continue
		}
		if len(out.Users) == usersPage {
			out.PaginationToken = aws.String(strconv.Itoa(from + usersPage))
			break
		}
		out.Users = append(out.Users, u.describe())
	}
	return out, nil
}

func (d *Directory) filter(filter string) (func(*User) bool, error) {
	everybody := func(*User) bool { return true }
	if filter == "" {
		return everybody, nil
	}
	m := filterPattern.FindStringSubmatch(filter)
	if m == nil || len(filter) > 256 || d.Lax && m[1] == "cognito:user_status" {
		if d.Lax {
			return everybody, nil
		}
		return nil, badFilter
	}
	attribute, value := m[1], strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[3])
	return func(u *User) bool {
		has := map[string]string{"email": u.Email, "sub": u.Sub, "cognito:user_status": u.Status, "status": "Enabled"}[attribute]
		if attribute == "status" && u.Disabled {
			has = "Disabled"
		}
		if m[2] == "^=" {
			return strings.HasPrefix(has, value)
		}
		return has == value
	}, nil
}

func (u *User) describe() types.UserType {
	attribute := func(name, value string) types.AttributeType { return types.AttributeType{Name: &name, Value: &value} }
	return types.UserType{
		Username: aws.String(u.Sub), Enabled: !u.Disabled, UserStatus: types.UserStatusType(u.Status), UserCreateDate: aws.Time(u.Created),
		Attributes: []types.AttributeType{
			attribute("email", u.Email), attribute("email_verified", strconv.FormatBool(u.Verified)), attribute("sub", u.Sub),
		},
	}
}
