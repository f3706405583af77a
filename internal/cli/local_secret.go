package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
)

func (a *app) localSecretCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "secret ssm:/NAME | secretsmanager:NAME",
		Short: "Give a secret its value in the local region, read from standard input",
		Long: `Give a secret that the manifest names its value in the local region. The value is
read from standard input, so that it is in no command line and no shell history:

  ecsail local secret ssm:/shop/key < key.txt

Running tasks keep the value they were started with; "ecsail restart SERVICE" or
the next change starts them anew.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one secret, such as ssm:/shop/key\nsee `%s --help`", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.localSecret(cmd.Context(), args[0]) },
	}
}

func (a *app) localSecret(ctx context.Context, ref string) error {
	store, name, ok := strings.Cut(ref, ":")
	if !ok || name == "" || store != "ssm" && store != "secretsmanager" {
		return inputf("%s: write ssm:/NAME or secretsmanager:NAME, as in the manifest", ref)
	}
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	a.flags.local = true
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	if a.interactive() {
		fmt.Fprintln(a.err, "Type the value and end with Ctrl-D; it is shown as you type.")
	}
	data, err := io.ReadAll(io.LimitReader(a.in, 64<<10))
	if err != nil {
		return fmt.Errorf("read the value: %w", err)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if value == "" {
		return inputf("standard input is empty: a secret needs a value")
	}
	if store == "ssm" {
		err = putParameter(ctx, s.env, name, value, true)
	} else {
		err = putSecret(ctx, s.env, name, value)
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", ref, err)
	}
	fmt.Fprintf(a.err, "%s has its value in the local region.\n", ref)
	return nil
}

func putParameter(ctx context.Context, e *awsx.Env, name, value string, overwrite bool) error {
	_, err := e.SSM.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: &overwrite})
	return err
}

func putSecret(ctx context.Context, e *awsx.Env, name, value string) error {
	_, err := e.Secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if awsx.Is(err, "ResourceExistsException") {
		_, err = e.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: aws.String(value)})
	}
	return err
}
