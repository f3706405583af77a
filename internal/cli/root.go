package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecsail/ecsail/internal/manifest"
)

const intro = `ecsail takes a team's services from one manifest to a running environment on
AWS ECS (Fargate), and keeps it there. There is no state file: AWS is the state.

  ecsail init          write an ecsail.yaml from the Dockerfiles and compose file here
  ecsail up --local    run it on this machine, in containers; needs no account
  ecsail up            provision it on AWS

Exit codes: 0 done; 1 failed; 2 the manifest or the flags are wrong; 3 changes
are pending (plan --exit-code); 4 a deployment failed and was rolled back;
5 another operator is at work; 130 interrupted.`

// root is the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "ecsail",
		Short:         "From one manifest to a running environment on AWS ECS",
		Long:          intro,
		Version:       thisBuild().String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			a.started = true
			a.flags.paced = cmd.Flags().Changed(speedFlag)
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	root.SetVersionTemplate("{{.Version}}\n")
	a.flags.register(root.PersistentFlags())
	root.AddCommand(
		a.initCommand(), a.checkCommand(), a.planCommand(), a.upCommand(), a.statusCommand(), a.downCommand(),
		a.logsCommand(), a.execCommand(), a.runCommand(), a.scaleCommand(), a.restartCommand(),
		a.graphCommand(), a.schemaCommand(), a.versionCommand(), a.localCommand(), a.agentCommand(),
	)
	a.complete(root)
	return root
}

// speedFlag, when given, asks for simulated tasks.
const speedFlag = "local-speed"

func (c *common) register(f *pflag.FlagSet) {
	f.StringVarP(&c.file, "file", "f", manifest.DefaultFile, "manifest to read")
	f.StringVarP(&c.env, "env", "e", "", "environment (default "+manifest.DefaultEnv+")")
	f.BoolVar(&c.local, "local", false, "use the local region: the embedded AWS, with real containers where there is an engine; no account")
	f.Float64Var(&c.speed, speedFlag, 20, "simulate tasks, this many times faster than AWS, instead of running containers")
	f.StringVar(&c.region, "region", "", "AWS region, in place of the manifest's")
	f.StringVar(&c.profile, "profile", "", "profile of the AWS configuration")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "say more")
}
