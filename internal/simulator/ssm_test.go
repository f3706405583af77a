package simulator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	types "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

type ssmLab struct {
	*ec2Lab
	ssm *ssm.Client
}

func newSSMLab(t *testing.T, opt Options) *ssmLab {
	t.Helper()
	l := &ssmLab{ec2Lab: newEC2Lab(t, opt)}
	l.ssm = ssm.NewFromConfig(l.cloud.Config("eu-west-1"))
	return l
}

func (l *ssmLab) put(in ssm.PutParameterInput) (int64, error) {
	if in.Type == "" {
		in.Type = types.ParameterTypeString
	}
	out, err := l.ssm.PutParameter(l.ctx, &in)
	if err != nil {
		return 0, err
	}
	return out.Version, nil
}

func (l *ssmLab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *ssmLab) value(name string, decrypt bool) string {
	l.t.Helper()
	out, err := l.ssm.GetParameter(l.ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
	l.must(err)
	return *out.Parameter.Value
}

func TestParameters(t *testing.T) {
	l := newSSMLab(t, Options{})
	name := aws.String("/shop/key")
	_, err := l.put(ssm.PutParameterInput{Name: name, Value: aws.String("one"), Type: types.ParameterTypeSecureString})
	l.must(err)
	_, err = l.put(ssm.PutParameterInput{Name: name, Value: aws.String("two"), Type: types.ParameterTypeSecureString})
	l.refused(err, "ParameterAlreadyExists")
	v, err := l.put(ssm.PutParameterInput{Name: name, Value: aws.String("two"), Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true)})
	l.must(err)
	if v != 2 || l.value("/shop/key", true) != "two" || l.value("/shop/key:1", true) != "one" {
		t.Fatalf("version %d", v)
	}
	if secret := l.value("/shop/key", false); strings.Contains(secret, "two") {
		t.Fatalf("undecrypted value %s", secret)
	}
	if l.value("arn:aws:ssm:eu-west-1:111122223333:parameter/shop/key", true) != "two" {
		t.Fatal("not found by its ARN")
	}
	_, err = l.ssm.GetParameter(l.ctx, &ssm.GetParameterInput{Name: aws.String("/shop/key:3")})
	l.refused(err, "ParameterVersionNotFound")
	many, err := l.ssm.GetParameters(l.ctx, &ssm.GetParametersInput{Names: []string{"/shop/key", "/none"}})
	l.must(err)
	if len(many.Parameters) != 1 || len(many.InvalidParameters) != 1 {
		t.Fatalf("%+v", many)
	}
	_, err = l.ssm.DeleteParameter(l.ctx, &ssm.DeleteParameterInput{Name: name})
	l.must(err)
	_, err = l.ssm.DeleteParameter(l.ctx, &ssm.DeleteParameterInput{Name: name})
	l.refused(err, "ParameterNotFound")
	_, err = l.ssm.GetParameter(l.ctx, &ssm.GetParameterInput{Name: name})
	l.refused(err, "ParameterNotFound")
}

func TestParameterRefusals(t *testing.T) {
	l := newSSMLab(t, Options{})
	for what, c := range map[string]struct {
		in         ssm.PutParameterInput
		code, text string
	}{
		"large":     {ssm.PutParameterInput{Value: aws.String(strings.Repeat("x", 4097))}, "ValidationException", "4096"},
		"reserved":  {ssm.PutParameterInput{Name: aws.String("awsome")}, "ValidationException", "prefixed"},
		"AWS path":  {ssm.PutParameterInput{Name: aws.String("/aws/x")}, "AccessDeniedException", "/aws/x"},
		"character": {ssm.PutParameterInput{Name: aws.String("/a b")}, "ValidationException", "Parameter name"},
		"no slash":  {ssm.PutParameterInput{Name: aws.String("a/b")}, "ValidationException", "fully qualified"},
		"levels":    {ssm.PutParameterInput{Name: aws.String(strings.Repeat("/a", 16))}, "HierarchyLevelLimitExceededException", "15"},
		"long":      {ssm.PutParameterInput{Name: aws.String("/" + strings.Repeat("a", 1011))}, "ValidationException", "1011"},
		"type":      {ssm.PutParameterInput{Type: "Secret"}, "ValidationException", "enum value set"},
		"key":       {ssm.PutParameterInput{KeyId: aws.String("alias/x")}, "ValidationException", "SecureString"},
		"tags over": {ssm.PutParameterInput{Overwrite: aws.Bool(true), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}, "ValidationException", "tags and overwrite can't be used together"},
		"pattern":   {ssm.PutParameterInput{AllowedPattern: aws.String(`^\d+$`)}, "ParameterPatternMismatchException", "allowedPattern"},
	} {
		t.Run(what, func(t *testing.T) {
			if c.in.Name == nil {
				c.in.Name = aws.String("/a")
			}
			if c.in.Value == nil {
				c.in.Value = aws.String("v")
			}
			_, err := l.put(c.in)
			l.refused(err, c.code, c.text)
		})
	}
	_, err := l.put(ssm.PutParameterInput{Name: aws.String("/big"), Value: aws.String(strings.Repeat("x", 4097)), Tier: types.ParameterTierIntelligentTiering})
	l.must(err)
}

func TestParameterPathsAndPages(t *testing.T) {
	l := newSSMLab(t, Options{})
	for i := range 12 {
		_, err := l.put(ssm.PutParameterInput{Name: aws.String(fmt.Sprintf("/app/p%02d", i)), Value: aws.String("v"), Tags: []types.Tag{{Key: aws.String("n"), Value: aws.String(fmt.Sprint(i % 2))}}})
		l.must(err)
	}
	for _, n := range []string{"/app/deep/x", "/apple", "bare"} {
		_, err := l.put(ssm.PutParameterInput{Name: &n, Value: aws.String("v")})
		l.must(err)
	}
	count := func(path string, recursive bool) (n, pages int) {
		for p := ssm.NewGetParametersByPathPaginator(l.ssm, &ssm.GetParametersByPathInput{Path: &path, Recursive: &recursive}); p.HasMorePages(); pages++ {
			out, err := p.NextPage(l.ctx)
			l.must(err)
			n += len(out.Parameters)
		}
		return n, pages
	}
	if n, pages := count("/app", false); n != 12 || pages != 2 {
		t.Errorf("%d on one level, %d pages", n, pages)
	}
	if n, _ := count("/app/", true); n != 13 {
		t.Errorf("%d on all levels", n)
	}
	out, err := l.ssm.DescribeParameters(l.ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{
		{Key: aws.String("tag:n"), Values: []string{"1"}}, {Key: aws.String("Name"), Option: aws.String("BeginsWith"), Values: []string{"/app/p0"}},
	}})
	l.must(err)
	if len(out.Parameters) != 5 {
		t.Errorf("%d described", len(out.Parameters))
	}
	for _, f := range []types.ParameterStringFilter{{Key: aws.String("Colour"), Values: []string{"x"}}, {Key: aws.String("Label"), Values: []string{"x"}}} {
		_, err = l.ssm.DescribeParameters(l.ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{f}})
		l.refused(err, "InvalidFilterKey", *f.Key)
	}
	_, err = l.ssm.DescribeParameters(l.ctx, &ssm.DescribeParametersInput{MaxResults: aws.Int32(51)})
	l.refused(err, "ValidationException", "maxResults")
	gone, err := l.ssm.DeleteParameters(l.ctx, &ssm.DeleteParametersInput{Names: []string{"bare", "none"}})
	l.must(err)
	if len(gone.DeletedParameters) != 1 || len(gone.InvalidParameters) != 1 {
		t.Errorf("%+v", gone)
	}
}

func TestParameterTags(t *testing.T) {
	l := newSSMLab(t, Options{})
	id := aws.String("/a")
	_, err := l.put(ssm.PutParameterInput{Name: id, Value: aws.String("v")})
	l.must(err)
	_, err = l.ssm.AddTagsToResource(l.ctx, &ssm.AddTagsToResourceInput{ResourceId: id, ResourceType: types.ResourceTypeForTaggingParameter, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}})
	l.must(err)
	_, err = l.ssm.RemoveTagsFromResource(l.ctx, &ssm.RemoveTagsFromResourceInput{ResourceId: id, ResourceType: types.ResourceTypeForTaggingParameter, TagKeys: []string{"b"}})
	l.must(err)
	out, err := l.ssm.ListTagsForResource(l.ctx, &ssm.ListTagsForResourceInput{ResourceId: id, ResourceType: types.ResourceTypeForTaggingParameter})
	l.must(err)
	if len(out.TagList) != 1 || *out.TagList[0].Key != "a" {
		t.Fatalf("tags %+v", out.TagList)
	}
	_, err = l.ssm.ListTagsForResource(l.ctx, &ssm.ListTagsForResourceInput{ResourceId: aws.String("/none"), ResourceType: types.ResourceTypeForTaggingParameter})
	l.refused(err, "InvalidResourceId")
}

func TestParametersAreDurable(t *testing.T) {
	dir := t.TempDir()
	l := newSSMLab(t, Options{Dir: dir})
	_, err := l.put(ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String("v")})
	l.must(err)
	again := newSSMLab(t, Options{Dir: dir})
	if again.value("/a", true) != "v" {
		t.Fatal("the value is lost")
	}
	_, err = again.put(ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String("w"), Overwrite: aws.Bool(true)})
	l.must(err)
	if l.value("/a", true) != "w" {
		t.Fatal("one process does not see what another wrote")
	}
}
