package cli

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration for the game",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var o configOptions
	renpy := &cobra.Command{
		Use:   "renpy",
		Short: "Print the block for the game's .rpy file",
		Long: `Print what the game needs, as an .rpy file: renpy_cloud.configure(...) with the
addresses of the deployed stage, and the syncs at the main menu and at quit. Its
first lines say what the game's own script has to call. With --local it also
points the client at the local cloud, which is for development builds only.

The game's id is what its players' saves are kept under: choose it once, and
never change it. So --out refuses to write over the file of another game, and
over what is no such file; --change-game-id writes another id into it all the
same. The choice on the file's last line stays as it is.`,
		Example: `  renpyctl config renpy --stage prod --game-id my_game \
    --out game/cloud_config.rpy`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case cmd.Flags().Changed("out") && o.out == "":
				return usagef("--out needs a file")
			case o.changeID && o.out == "":
				return usagef("--change-game-id is about the file of --out: add --out")
			}
			return a.configRenpy(cmd.Context(), o)
		},
	}
	renpy.Flags().StringVar(&o.gameID, "game-id", "", "the game's id: letters, digits, dots, hyphens, underscores (default with --local: my_game)")
	renpy.Flags().StringVar(&o.out, "out", "", "write this `FILE` in UTF-8, whole or not at all, in place of printing it")
	renpy.Flags().BoolVar(&o.changeID, "change-game-id", false, "with --out: write over the file of a game with another id, whose saves it then does not find")
	cmd.AddCommand(renpy)
	return cmd
}

// configOptions are the flags of config renpy.
type configOptions struct {
	gameID   string
	out      string
	changeID bool // whether the file may be of a game with another id
}

// check refuses what no game can be called. Away from this computer nobody guesses
// the id: under another one players would not find their saves.
func (o *configOptions) check(local bool) error {
	if o.gameID == "" && local {
		o.gameID = "my_game"
	}
	switch {
	case o.gameID == "":
		return &hintedError{usagef("config renpy needs --game-id, the game's own id"), "add, for example, --game-id my_game; players' saves are kept under it, so it never changes"}
	case savesync.CheckGameID(o.gameID) != nil:
		return usagef("--game-id %q: use up to 64 letters, digits, dots, hyphens and underscores, beginning with none of . and -", o.gameID)
	}
	return nil
}

// renpyConfig is what the game client's configure() is told.
type renpyConfig struct {
	APIBaseURL string `json:"api_base_url"`
	GameID     string `json:"game_id"`
	Region     string `json:"aws_region"`
	UserPoolID string `json:"cognito_user_pool_id"`
	ClientID   string `json:"cognito_app_client_id"`

	// CognitoElsewhere is Cognito's address on AWS where it is not the one that the
	// client makes up: its hosts always end in amazonaws.com. "" where they do.
	CognitoElsewhere string `json:"cognito_endpoint,omitempty"`

	// PasswordPage is where players set a new password; "" on the local cloud and
	// on stages that were last deployed by an older renpyctl.
	PasswordPage string `json:"password_page,omitempty"`

	// CognitoEndpoint is where the local cloud answers for Cognito; "" on AWS.
	CognitoEndpoint string `json:"local_cognito_endpoint,omitempty"`
}

func (a *app) configRenpy(ctx context.Context, o configOptions) error {
	if err := o.check(a.flags.local); err != nil {
		return err
	}
	var file gameFile
	if o.out != "" {
		var err error
		if file, err = lookAtGameFile(o.out); err != nil {
			return err
		}
		if err := file.of(o.gameID, o.changeID); err != nil {
			return err
		}
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	st, err := s.at.Deployed(ctx)
	if err != nil {
		return err
	}
	c, err := s.gameConfig(st, o.gameID)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := file.write(c); err != nil {
			return usagef("--out: %v", err)
		}
		where := "stage " + a.flags.stage
		if a.flags.local {
			where += " of this computer's local cloud: not for players"
		}
		a.say("Written: %s, for %s.", quoted(o.out), where)
		if client := filepath.Join(filepath.Dir(o.out), "renpy_cloud"); absent(client) {
			a.hint("the game needs the client beside it: %s is not there (README.md, Your first game, step 1)", quoted(client))
		}
		if file.trusts {
			a.say("As its last line says, the game goes on trusting the player's devices.")
		}
	}
	switch {
	case a.json():
		return a.printJSON(c)
	case o.out != "":
		return nil
	}
	return c.write(a.streams.Out)
}

// absent tells whether there is nothing of a name.
func absent(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// gameConfig is how a game reaches a deployed stage.
func (s *session) gameConfig(st stack.Stack, gameID string) (renpyConfig, error) {
	out := s.outputs(st)
	c := renpyConfig{
		APIBaseURL: out[cfn.OutputAPIEndpoint], GameID: gameID, Region: out[cfn.OutputRegion],
		UserPoolID: out[cfn.OutputUserPoolID], ClientID: out[cfn.OutputAppClientID],
		PasswordPage: out[cfn.OutputPasswordPage],
	}
	if c.APIBaseURL == "" {
		return c, fmt.Errorf("the stack %s has no outputs yet (%s)", st.Name, st.Status)
	}
	if s.local != nil {
		c.CognitoEndpoint = s.local.Endpoint()
	} else if suffix := cloud.URLSuffix(c.Region); suffix != clientSuffix {
		c.CognitoElsewhere = "https://cognito-idp." + c.Region + "." + suffix
	}
	return c, nil
}

// integration is the block: configure(), and the syncs at the main menu and at quit.
//
//go:embed renpy/integration.rpy.tmpl
var integration string

// clientSuffix is what the client takes all of AWS's hosts to end in.
const clientSuffix = "amazonaws.com"

// redirect leads the client to another address of Cognito. The client builds the
// address itself and takes it from nobody. It uses urllib, which can be given an
// opener for the whole program; so this redirects it there.
//
//go:embed renpy/redirect.rpy.tmpl
var redirect string

const warnLocal = `# DEVELOPMENT ONLY: this block talks to a local cloud on this computer.
# Never ship it: renpyctl config renpy --stage prod makes the one for players.
`

const beginOnAWS = `init python:
    import renpy_cloud

`

// write prints the block as a game's .rpy file takes it. It does without
// text/template, which finds methods by their names: with it, the linker has to
// keep every exported method of the AWS SDK: 48 MB in place of 30.
func (c renpyConfig) write(w io.Writer) error {
	values := strings.NewReplacer(
		"{{APIBaseURL}}", quote(c.APIBaseURL), "{{GameID}}", quote(c.GameID), "{{Region}}", quote(c.Region),
		"{{UserPoolID}}", quote(c.UserPoolID), "{{ClientID}}", quote(c.ClientID),
		"{{PasswordPage}}", quote(c.PasswordPage),
		"{{CognitoEndpoint}}", quote(cmp.Or(c.CognitoEndpoint, c.CognitoElsewhere)),
		"{{CognitoHost}}", quote("cognito-idp."+c.Region+"."+clientSuffix),
	)
	begin := beginOnAWS
	switch {
	case c.CognitoEndpoint != "":
		begin = warnLocal + redirect
	case c.CognitoElsewhere != "":
		begin = redirect
	}
	_, err := values.WriteString(w, strings.Replace(integration, "{{begin}}", begin, 1))
	return err
}

// quote writes a Python string literal. Go's and Python's agree for printable ASCII, which AWS's names are.
func quote(s string) string { return strconv.QuoteToASCII(s) }
