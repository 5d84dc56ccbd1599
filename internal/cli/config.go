package cli

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration for the game",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	gameID := "my_game"
	renpy := &cobra.Command{
		Use:   "renpy",
		Short: "Print the block for the game's .rpy file",
		Long: `Print what the game needs, as an .rpy file: renpy_cloud.configure(...) with the
addresses of the deployed stage, and the syncs at the main menu and at quit. Its
first lines say what the game's own script has to call. With --local it also
points the client at the local cloud, which is for development builds only.`,
		Example: "  renpyctl config renpy --stage prod --game-id my_game > game/cloud_config.rpy",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.configRenpy(cmd.Context(), gameID) },
	}
	renpy.Flags().StringVar(&gameID, "game-id", gameID, "the game's id: letters, digits, dots, hyphens, underscores")
	cmd.AddCommand(renpy)
	return cmd
}

// renpyConfig is what the game client's configure() is told.
type renpyConfig struct {
	APIBaseURL string `json:"api_base_url"`
	GameID     string `json:"game_id"`
	Region     string `json:"aws_region"`
	UserPoolID string `json:"cognito_user_pool_id"`
	ClientID   string `json:"cognito_app_client_id"`

	// CognitoEndpoint is where the local cloud answers for Cognito; "" on AWS.
	CognitoEndpoint string `json:"local_cognito_endpoint,omitempty"`
}

func (a *app) configRenpy(ctx context.Context, gameID string) error {
	if savesync.CheckGameID(gameID) != nil {
		return usagef("--game-id %q: use up to 64 letters, digits, dots, hyphens and underscores, beginning with none of . and -", gameID)
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	st, err := s.at.Deployed(ctx)
	if err != nil {
		return err
	}
	out := s.outputs(st)
	c := renpyConfig{
		APIBaseURL: out[cfn.OutputAPIEndpoint], GameID: gameID, Region: out[cfn.OutputRegion],
		UserPoolID: out[cfn.OutputUserPoolID], ClientID: out[cfn.OutputAppClientID],
	}
	if c.APIBaseURL == "" {
		return fmt.Errorf("the stack %s has no outputs yet (%s)", st.Name, st.Status)
	}
	if s.local != nil {
		c.CognitoEndpoint = s.local.Endpoint()
	}
	if a.json() {
		return a.printJSON(c)
	}
	return c.write(a.streams.Out)
}

// integration is the block: configure(), and the syncs at the main menu and at quit.
//
//go:embed renpy/integration.rpy.tmpl
var integration string

var integrationTemplate = template.Must(template.New("").Funcs(template.FuncMap{"quote": quote}).Parse(integration))

// write prints the block as a game's .rpy file takes it.
func (c renpyConfig) write(w io.Writer) error { return integrationTemplate.Execute(w, c) }

// CognitoHost is the client's address of Cognito, which it builds itself and
// takes from nobody. The client uses urllib, which can be given an opener for
// the whole program; so the block for the local cloud redirects it there.
func (c renpyConfig) CognitoHost() string { return "cognito-idp." + c.Region + ".amazonaws.com" }

// quote writes a Python string literal. Go's and Python's agree for printable ASCII, which AWS's names are.
func quote(s string) string { return strconv.QuoteToASCII(s) }
