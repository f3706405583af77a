package simulator

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// newSTS answers who calls: the embedded AWS knows no users, everyone is the
// administrator of its account.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func newSTS(c *Cloud) {
	handle(c, func(context.Context, *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		return &sts.GetCallerIdentityOutput{
			Account: aws.String(c.opt.Account),
			Arn:     aws.String(c.arn("sts", "", "assumed-role/Administrator/embedded")),
			UserId:  aws.String("AROAEMBEDDEDAWS000001:embedded"),
		}, nil
	})
}
