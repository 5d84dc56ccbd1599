package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

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
		Long: `Print the renpy_cloud.configure(...) block for the game's .rpy file, with the
addresses of the deployed stage. With --local it also points the client at the
local cloud, which is for development builds only.`,
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
	st, err := s.deployed(ctx)
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

// write prints the block as a game's .rpy file takes it.
func (c renpyConfig) write(w io.Writer) error {
	var b strings.Builder
	if c.CognitoEndpoint == "" {
		b.WriteString("init python:\n    import renpy_cloud\n\n")
	} else {
		b.WriteString(c.redirect())
	}
	fmt.Fprintf(&b, `    renpy_cloud.configure(
        api_base_url=%s,
        game_id=%s,
        aws_region=%s,
        cognito_user_pool_id=%s,
        cognito_app_client_id=%s,
    )
`, quote(c.APIBaseURL), quote(c.GameID), quote(c.Region), quote(c.UserPoolID), quote(c.ClientID))
	_, err := io.WriteString(w, b.String())
	return err
}

// redirect is the code that sends the client's calls to Cognito, whose address
// it builds itself and takes from nobody, to the local cloud. The client uses
// urllib, which can be given an opener for the whole program.
func (c renpyConfig) redirect() string {
	return fmt.Sprintf(`# DEVELOPMENT ONLY: this block talks to a local cloud on this computer.
# Never ship it: renpyctl config renpy --stage prod prints the one for players.
init python:
    import urllib.request
    import renpy_cloud

    class LocalCognito(urllib.request.BaseHandler):
        handler_order = 100

        def https_open(self, request):
            if request.host != %s:
                return None
            local = urllib.request.Request(
                %s + request.selector, request.data,
                dict(request.header_items()), method=request.get_method())
            local.remove_header("Host")
            return self.parent.open(local, timeout=request.timeout)

    urllib.request.install_opener(urllib.request.build_opener(LocalCognito))

`, quote("cognito-idp."+c.Region+".amazonaws.com"), quote(c.CognitoEndpoint))
}

// quote writes a Python string literal. Go's and Python's agree for printable ASCII, which AWS's names are.
func quote(s string) string { return strconv.QuoteToASCII(s) }
