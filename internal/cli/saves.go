package cli

import (
	"github.com/spf13/cobra"
)

func newSaves(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "saves",
		Short: "Look after players' saves",
		Long: `Look after players' saves: what is kept, what was kept before, and how it comes
back. A player is named by e-mail address, by id, or by the beginning of either
if nobody else's begins so. Of an account that is gone the whole id leads to
what was kept.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newSavesList(a), newSavesHistory(a), newSavesRestore(a), newSavesDownload(a), newSavesUpload(a), newSavesMove(a),
		newSavesVerify(a),
	)
	return cmd
}
