package simulator

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	types "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

type secretsLab struct {
	*ec2Lab
	sm *sm.Client
}

func newSecretsLab(t *testing.T, opt Options) *secretsLab {
	t.Helper()
	l := &secretsLab{ec2Lab: newEC2Lab(t, opt)}
	l.sm = sm.NewFromConfig(l.cloud.Config("eu-west-1"))
	return l
}

func (l *secretsLab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// created makes a secret and returns its ARN.
func (l *secretsLab) created(name, value string) string {
	l.t.Helper()
	out, err := l.sm.CreateSecret(l.ctx, &sm.CreateSecretInput{Name: &name, SecretString: &value})
	l.must(err)
	return *out.ARN
}

// put makes a version with a token of one letter.
func (l *secretsLab) put(name, value, token string, stages ...string) {
	l.t.Helper()
	_, err := l.sm.PutSecretValue(l.ctx, &sm.PutSecretValueInput{SecretId: &name, SecretString: &value, ClientRequestToken: aws.String(strings.Repeat(token, 32)), VersionStages: stages})
	l.must(err)
}

func (l *secretsLab) get(in sm.GetSecretValueInput) (string, error) {
	out, err := l.sm.GetSecretValue(l.ctx, &in)
	if err != nil {
		return "", err
	}
	return *out.SecretString, nil
}

// stages lists versions by the letter of their tokens, with their labels.
func (l *secretsLab) stages(name string) string {
	l.t.Helper()
	out, err := l.sm.DescribeSecret(l.ctx, &sm.DescribeSecretInput{SecretId: &name})
	l.must(err)
	var all []string
	for _, id := range sortedKeys(out.VersionIdsToStages) {
		all = append(all, id[:1]+"="+strings.Join(out.VersionIdsToStages[id], "+"))
	}
	return strings.Join(all, " ")
}

func token(letter string) *string { return aws.String(strings.Repeat(letter, 32)) }

func TestSecretVersions(t *testing.T) {
	l := newSecretsLab(t, Options{})
	db := aws.String("shop/db")
	_, err := l.sm.CreateSecret(l.ctx, &sm.CreateSecretInput{Name: db, SecretString: aws.String("one"), ClientRequestToken: token("a")})
	l.must(err)
	move := func(stage string, from, to *string) error {
		_, err := l.sm.UpdateSecretVersionStage(l.ctx, &sm.UpdateSecretVersionStageInput{SecretId: db, VersionStage: &stage, RemoveFromVersionId: from, MoveToVersionId: to})
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
		want string
	}{
		{"created", func() error { return nil }, "a=AWSCURRENT"},
		{"put", func() error { l.put("shop/db", "two", "b"); return nil }, "a=AWSPREVIOUS b=AWSCURRENT"},
		{"put again", func() error { l.put("shop/db", "two", "b"); return nil }, "a=AWSPREVIOUS b=AWSCURRENT"},
		{"pending", func() error { l.put("shop/db", "three", "c", "AWSPENDING"); return nil }, "a=AWSPREVIOUS b=AWSCURRENT c=AWSPENDING"},
		{"rotated", func() error { return move("AWSCURRENT", token("b"), token("c")) }, "b=AWSPREVIOUS c=AWSPENDING+AWSCURRENT"},
		{"label gone", func() error { return move("AWSPENDING", token("c"), nil) }, "b=AWSPREVIOUS c=AWSCURRENT"},
		{"reverted", func() error { return move("AWSCURRENT", token("c"), token("b")) }, "b=AWSCURRENT c=AWSPREVIOUS"},
		{"own label", func() error { return move("blue", nil, token("a")) }, "a=blue b=AWSCURRENT c=AWSPREVIOUS"},
		{"updated", func() error {
			return second(l.sm.UpdateSecret(l.ctx, &sm.UpdateSecretInput{SecretId: db, SecretString: aws.String("four"), ClientRequestToken: token("d")}))
		}, "a=blue b=AWSPREVIOUS d=AWSCURRENT"},
	} {
		l.must(step.do())
		if got := l.stages("shop/db"); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
	for want, in := range map[string]sm.GetSecretValueInput{
		"four": {}, "two": {VersionStage: aws.String("AWSPREVIOUS")}, "three": {VersionId: token("c")}, "one": {VersionId: token("a"), VersionStage: aws.String("blue")},
	} {
		in.SecretId = db
		if got, err := l.get(in); err != nil || got != want {
			t.Errorf("got %q and %v, want %q", got, err, want)
		}
	}
	out, err := l.sm.ListSecretVersionIds(l.ctx, &sm.ListSecretVersionIdsInput{SecretId: db, IncludeDeprecated: aws.Bool(true), MaxResults: aws.Int32(3)})
	l.must(err)
	rest, err := l.sm.ListSecretVersionIds(l.ctx, &sm.ListSecretVersionIdsInput{SecretId: db, IncludeDeprecated: aws.Bool(true), NextToken: out.NextToken})
	l.must(err)
	if len(out.Versions) != 3 || len(rest.Versions) != 1 {
		t.Errorf("%d and %d versions", len(out.Versions), len(rest.Versions))
	}
	wantRefusals(t, []refusal{
		{"other value", "ResourceExistsException", "is already in use for a version of secret arn:aws:secretsmanager:", second(l.sm.PutSecretValue(l.ctx, &sm.PutSecretValueInput{SecretId: db, SecretString: aws.String("x"), ClientRequestToken: token("a")}))},
		{"no value", "InvalidRequestException", "SecretString or SecretBinary", second(l.sm.PutSecretValue(l.ctx, &sm.PutSecretValueInput{SecretId: db}))},
		{"no label", "ResourceNotFoundException", "staging label: AWSPENDING", second(l.get(sm.GetSecretValueInput{SecretId: db, VersionStage: aws.String("AWSPENDING")}))},
		{"no version", "ResourceNotFoundException", "VersionId: " + *token("x"), second(l.get(sm.GetSecretValueInput{SecretId: db, VersionId: token("x")}))},
		{"mismatch", "InvalidRequestException", "not associated", second(l.get(sm.GetSecretValueInput{SecretId: db, VersionId: token("a"), VersionStage: aws.String("AWSCURRENT")}))},
		{"only moved", "InvalidParameterException", "can't be completely removed", move("AWSCURRENT", token("d"), nil)},
		{"from where", "InvalidParameterException", "currently attached to version dddd", move("AWSCURRENT", nil, token("b"))},
		{"not there", "InvalidParameterException", "not attached to version aaaa", move("AWSCURRENT", token("a"), token("b"))},
		{"unknown", "ResourceNotFoundException", "", move("AWSCURRENT", token("d"), token("x"))},
		{"nothing", "InvalidParameterException", "either", move("blue", nil, nil)},
	})
}

func TestSecretRefusals(t *testing.T) {
	l := newSecretsLab(t, Options{})
	l.created("taken", "v")
	for what, c := range map[string]struct {
		in         sm.CreateSecretInput
		code, text string
	}{
		"large":      {sm.CreateSecretInput{SecretString: aws.String(strings.Repeat("x", 65537))}, "ValidationException", "65536"},
		"binary":     {sm.CreateSecretInput{SecretBinary: make([]byte, 65537)}, "ValidationException", "65536"},
		"both":       {sm.CreateSecretInput{SecretString: aws.String("x"), SecretBinary: []byte("y")}, "InvalidParameterException", "both"},
		"character":  {sm.CreateSecretInput{Name: aws.String("a b")}, "ValidationException", "Invalid name"},
		"long":       {sm.CreateSecretInput{Name: aws.String(strings.Repeat("a", 513))}, "ValidationException", "512"},
		"empty name": {sm.CreateSecretInput{Name: aws.String("")}, "ValidationException", "greater than or equal to 1"},
		"taken":      {sm.CreateSecretInput{Name: aws.String("taken"), SecretString: aws.String("v")}, "ResourceExistsException", "the secret taken already exists"},
		"token":      {sm.CreateSecretInput{SecretString: aws.String("x"), ClientRequestToken: aws.String("short")}, "InvalidParameterException", "32-64"},
		"tag":        {sm.CreateSecretInput{Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}}, "InvalidParameterException", "reserved"},
		"replica":    {sm.CreateSecretInput{AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("us-east-1")}}}, "InvalidParameterException", "replicate"},
	} {
		t.Run(what, func(t *testing.T) {
			if c.in.Name == nil {
				c.in.Name = aws.String("a")
			}
			_, err := l.sm.CreateSecret(l.ctx, &c.in)
			l.refused(err, c.code, c.text)
		})
	}
	in := &sm.CreateSecretInput{Name: aws.String("big"), SecretString: aws.String(strings.Repeat("x", 65536)), ClientRequestToken: token("t")}
	first, err := l.sm.CreateSecret(l.ctx, in)
	l.must(err)
	again, err := l.sm.CreateSecret(l.ctx, in)
	l.must(err)
	if *again.ARN != *first.ARN || *again.VersionId != *token("t") {
		t.Errorf("the same call once more answered %s", *again.ARN)
	}
}

func TestSecretsAreFoundByARN(t *testing.T) {
	l := newSecretsLab(t, Options{})
	plain, odd := l.created("shop/db", "plain"), l.created("shop-abcdef", "odd")
	const base = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
	if !strings.HasPrefix(plain, base+"shop/db-") || len(plain) != len(base+"shop/db-")+6 {
		t.Errorf("ARN %s", plain)
	}
	for id, want := range map[string]string{
		"shop/db": "plain", plain: "plain", base + "shop/db": "plain", odd: "odd", "shop-abcdef": "odd",
		base + "shop-abcdef":    "", // taken for the complete ARN of a secret named shop
		base + "shop/db-AAAAAA": "", base + "shop": "", strings.TrimPrefix(plain, base): "", "Shop/db": "",
		strings.Replace(plain, "eu-west-1", "us-east-1", 1): "", "": "",
	} {
		got, err := l.get(sm.GetSecretValueInput{SecretId: &id})
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v", id, got, err)
		}
	}
}

func TestSecretDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSecretsLab(t, Options{})
		id := aws.String("a")
		arn := l.created("a", "v")
		remove := func(days *int64, force *bool) error {
			return second(l.sm.DeleteSecret(l.ctx, &sm.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force}))
		}
		wantRefusals(t, []refusal{
			{"short", "InvalidParameterException", "between 7 and 30 days", remove(aws.Int64(6), nil)},
			{"long", "InvalidParameterException", "between 7 and 30 days", remove(aws.Int64(31), nil)},
			{"both", "InvalidParameterException", "in conjunction", remove(aws.Int64(7), aws.Bool(true))},
		})
		l.must(remove(aws.Int64(7), nil))
		marked := "You can't perform this operation on the secret because it was marked for deletion."
		wantRefusals(t, []refusal{
			{"get", "InvalidRequestException", marked, second(l.get(sm.GetSecretValueInput{SecretId: id}))},
			{"put", "InvalidRequestException", marked, second(l.sm.PutSecretValue(l.ctx, &sm.PutSecretValueInput{SecretId: id, SecretString: aws.String("w")}))},
			{"update", "InvalidRequestException", marked, second(l.sm.UpdateSecret(l.ctx, &sm.UpdateSecretInput{SecretId: id, Description: aws.String("d")}))},
			{"tag", "InvalidRequestException", marked, second(l.sm.TagResource(l.ctx, &sm.TagResourceInput{SecretId: id, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))},
			{"create", "InvalidRequestException", "already scheduled for deletion", second(l.sm.CreateSecret(l.ctx, &sm.CreateSecretInput{Name: id}))},
			{"delete", "InvalidRequestException", "marked deleted", remove(nil, nil)},
		})
		out, err := l.sm.DescribeSecret(l.ctx, &sm.DescribeSecretInput{SecretId: id})
		l.must(err)
		if out.DeletedDate == nil {
			t.Error("the secret is not marked")
		}
		time.Sleep(6 * 24 * time.Hour)
		l.must(second(l.sm.RestoreSecret(l.ctx, &sm.RestoreSecretInput{SecretId: id})))
		if v, err := l.get(sm.GetSecretValueInput{SecretId: id}); err != nil || v != "v" {
			t.Errorf("restored: %q, %v", v, err)
		}
		l.must(remove(nil, nil))
		time.Sleep(30 * 24 * time.Hour)
		wantRefusals(t, []refusal{{"gone", "ResourceNotFoundException", "Secrets Manager can't find the specified secret.", second(l.sm.RestoreSecret(l.ctx, &sm.RestoreSecretInput{SecretId: id}))}})
		if l.created("a", "w") == arn {
			t.Error("a new secret has the old one's ARN")
		}
		l.must(remove(nil, nil))
		l.must(remove(nil, aws.Bool(true))) // marked, and now gone at once
		l.must(remove(nil, aws.Bool(true))) // not there: no error
		l.created("a", "x")
	})
}

func TestSecretVersionsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSecretsLab(t, Options{})
		l.created("a", "0")
		put := func(n int) error {
			return second(l.sm.PutSecretValue(l.ctx, &sm.PutSecretValueInput{SecretId: aws.String("a"), SecretString: aws.String(fmt.Sprint(n))}))
		}
		for n := range 99 {
			l.must(put(n))
		}
		wantRefusals(t, []refusal{{"young", "LimitExceededException", "versions", put(100)}})
		time.Sleep(25 * time.Hour)
		l.must(put(100))
		var stages []string
		for n := range 19 {
			stages = append(stages, fmt.Sprint("s", n))
		}
		in := &sm.PutSecretValueInput{SecretId: aws.String("a"), SecretString: aws.String("x"), VersionStages: stages}
		wantRefusals(t, []refusal{{"labels", "LimitExceededException", "labels", second(l.sm.PutSecretValue(l.ctx, in))}})
	})
}

func TestSecretLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSecretsLab(t, Options{})
		for i, name := range []string{"shop/c", "shop/a", "blog/b"} {
			_, err := l.sm.CreateSecret(l.ctx, &sm.CreateSecretInput{Name: &name, SecretString: aws.String(name), Description: aws.String("The Key"),
				Tags: []types.Tag{{Key: aws.String("n"), Value: aws.String(fmt.Sprint(i))}}})
			l.must(err)
			time.Sleep(time.Second)
		}
		l.must(second(l.sm.DeleteSecret(l.ctx, &sm.DeleteSecretInput{SecretId: aws.String("blog/b")})))
		names := func(in sm.ListSecretsInput) string {
			var out []string
			in.MaxResults = aws.Int32(2)
			for p := sm.NewListSecretsPaginator(l.sm, &in); p.HasMorePages(); {
				page, err := p.NextPage(l.ctx)
				l.must(err)
				for _, e := range page.SecretList {
					out = append(out, *e.Name)
				}
			}
			return strings.Join(out, " ")
		}
		filter := func(key types.FilterNameStringType, values ...string) sm.ListSecretsInput {
			return sm.ListSecretsInput{Filters: []types.Filter{{Key: key, Values: values}}, IncludePlannedDeletion: aws.Bool(true)}
		}
		all := aws.Bool(true)
		for _, c := range []struct {
			want string
			in   sm.ListSecretsInput
		}{
			{"shop/c shop/a", sm.ListSecretsInput{}},
			{"shop/c shop/a blog/b", sm.ListSecretsInput{IncludePlannedDeletion: all}},
			{"shop/c shop/a", filter("name", "shop/")},
			{"blog/b", filter("name", "!shop/")},
			{"shop/a", filter("tag-value", "1")},
			{"", filter("tag-key", "N")},
			{"shop/c shop/a blog/b", filter("description", "key")},
			{"blog/b", filter("all", "BLOG")},
			{"blog/b shop/a shop/c", sm.ListSecretsInput{IncludePlannedDeletion: all, SortBy: types.SortByTypeName}},
			{"shop/c shop/a blog/b", sm.ListSecretsInput{IncludePlannedDeletion: all, SortBy: types.SortByTypeName, SortOrder: types.SortOrderTypeDesc}},
			{"blog/b shop/a shop/c", sm.ListSecretsInput{IncludePlannedDeletion: all, SortBy: types.SortByTypeCreatedDate, SortOrder: types.SortOrderTypeDesc}},
		} {
			if got := names(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		}
		out, err := l.sm.BatchGetSecretValue(l.ctx, &sm.BatchGetSecretValueInput{SecretIdList: []string{"shop/a", "none", "blog/b"}})
		l.must(err)
		if len(out.SecretValues) != 1 || *out.SecretValues[0].SecretString != "shop/a" || len(out.Errors) != 2 || *out.Errors[0].ErrorCode != "ResourceNotFoundException" {
			t.Errorf("batch %+v", out)
		}
		wantRefusals(t, []refusal{
			{"key", "ValidationException", "enum", second(l.sm.ListSecrets(l.ctx, &sm.ListSecretsInput{Filters: []types.Filter{{Key: "colour", Values: []string{"x"}}}}))},
			{"token", "InvalidNextTokenException", "", second(l.sm.ListSecrets(l.ctx, &sm.ListSecretsInput{NextToken: aws.String("!")}))},
			{"batch", "InvalidParameterException", "not both", second(l.sm.BatchGetSecretValue(l.ctx, &sm.BatchGetSecretValueInput{}))},
		})
	})
}

func TestSecretsLimits(t *testing.T) {
	for _, c := range []struct {
		ops  []string
		want int
	}{{[]string{"CreateSecret"}, 50}, {[]string{"ListSecrets"}, 100}, {[]string{"UpdateSecret", "PutSecretValue"}, 50}} {
		l, n := newLimiter(func() time.Time { return time.Unix(0, 0) }), 0
		for _, op := range c.ops {
			n += burst(l, "Secrets Manager", op)
		}
		if n != c.want {
			t.Errorf("%v: %d at once, want %d", c.ops, n, c.want)
		}
	}
}

func TestRandomPasswords(t *testing.T) {
	l := newSecretsLab(t, Options{})
	ask := func(in sm.GetRandomPasswordInput) string {
		out, err := l.sm.GetRandomPassword(l.ctx, &in)
		l.must(err)
		return *out.RandomPassword
	}
	if p := ask(sm.GetRandomPasswordInput{}); len(p) != 32 || !strings.ContainsAny(p, passwordUpper) || !strings.ContainsAny(p, passwordMarks) {
		t.Errorf("password %q", p)
	}
	digits := sm.GetRandomPasswordInput{PasswordLength: aws.Int64(100), ExcludeLowercase: aws.Bool(true), ExcludeUppercase: aws.Bool(true), ExcludePunctuation: aws.Bool(true), ExcludeCharacters: aws.String("0")}
	if p := ask(digits); len(p) != 100 || strings.Trim(p, "123456789") != "" {
		t.Errorf("digits %q", p)
	}
	for _, in := range []sm.GetRandomPasswordInput{{PasswordLength: aws.Int64(0)}, {PasswordLength: aws.Int64(4097)}, {PasswordLength: aws.Int64(3)}} {
		_, err := l.sm.GetRandomPassword(l.ctx, &in)
		l.refused(err, "InvalidParameterException")
	}
}

func TestSecretTagsAndDurability(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := Options{Dir: t.TempDir()}
		l := newSecretsLab(t, opt)
		arn := l.created("a", "v")
		l.must(second(l.sm.TagResource(l.ctx, &sm.TagResourceInput{SecretId: &arn, Tags: []types.Tag{{Key: aws.String("app"), Value: aws.String("shop")}, {Key: aws.String("x"), Value: aws.String("y")}}})))
		l.must(second(l.sm.UntagResource(l.ctx, &sm.UntagResourceInput{SecretId: &arn, TagKeys: []string{"x"}})))
		time.Sleep(taggingLag)
		again := newSecretsLab(t, opt)
		if v, err := again.get(sm.GetSecretValueInput{SecretId: &arn}); err != nil || v != "v" {
			t.Fatalf("in another process: %q, %v", v, err)
		}
		tags := tagapi.NewFromConfig(again.cloud.Config("eu-west-1"))
		found, err := tags.GetResources(again.ctx, &tagapi.GetResourcesInput{ResourceTypeFilters: []string{"secretsmanager:secret"}})
		again.must(err)
		if len(found.ResourceTagMappingList) != 1 || *found.ResourceTagMappingList[0].ResourceARN != arn || len(found.ResourceTagMappingList[0].Tags) != 1 {
			t.Errorf("the tagging API has %+v", found.ResourceTagMappingList)
		}
		failed, err := tags.TagResources(again.ctx, &tagapi.TagResourcesInput{ResourceARNList: []string{arn}, Tags: map[string]string{"z": "1"}})
		again.must(err)
		out, err := l.sm.DescribeSecret(l.ctx, &sm.DescribeSecretInput{SecretId: &arn})
		l.must(err)
		if len(failed.FailedResourcesMap) != 0 || len(out.Tags) != 2 || out.LastAccessedDate == nil {
			t.Errorf("tags %+v, failed %v", out.Tags, failed.FailedResourcesMap)
		}
	})
}

// TestSecretsOfTasks checks every form of valueFrom, and that a task does not
// start without.
func TestSecretsOfTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		k := &secretsLab{ec2Lab: l.ec2Lab, sm: sm.NewFromConfig(l.cloud.Config("eu-west-1"))}
		far := &secretsLab{ec2Lab: l.ec2Lab, sm: sm.NewFromConfig(l.cloud.Config("us-east-1"))}
		_, err := l.iam.PutRolePolicy(l.ctx, &iam.PutRolePolicyInput{RoleName: aws.String("exec"), PolicyName: aws.String("secrets"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["secretsmanager:GetSecretValue","ssm:GetParameters"],"Resource":"*"}]}`)})
		l.ok(err)
		db, other := k.created("db", `{"user":"u1","port":5432}`), far.created("far", "f")
		k.put("db", `{"user":"u2","port":5432}`, "b")
		plain := k.created("plain", "p")
		_, err = ssm.NewFromConfig(l.cloud.Config("eu-west-1")).PutParameter(l.ctx, &ssm.PutParameterInput{Name: aws.String("/shop/key"), Value: aws.String("s"), Type: ssmtypes.ParameterTypeSecureString})
		l.ok(err)
		const base = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
		from := map[string]string{"WHOLE": plain, "PARTIAL": base + "db:user::", "USER": db + ":user::", "OLD": db + ":user:AWSPREVIOUS:", "PORT": db + ":port::" + strings.Repeat("b", 32),
			"BEFORE": db + "::AWSPREVIOUS:", "PARAMETER": "/shop/key", "FAR": other}
		in := l.webDefinition("web", publicImage)
		for _, name := range sortedKeys(from) {
			in.ContainerDefinitions[0].Secrets = append(in.ContainerDefinitions[0].Secrets, ecstypes.Secret{Name: aws.String(name), ValueFrom: aws.String(from[name])})
		}
		l.created(l.serviceInput("web", l.registered(in)))
		l.steady("web")
		l.cloud.region = "eu-west-1"
		d, _ := l.cloud.ecs.definition("web")
		want := "map[web:map[BEFORE:" + `{"user":"u1","port":5432}` + " FAR:f OLD:u1 PARAMETER:s PARTIAL:u2 PORT:5432 USER:u2 WHOLE:p]]"
		if got := fmt.Sprint(l.cloud.ecs.secretValues(d.Def)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		const failed = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): "
		for ref, why := range map[string]string{
			base + "none":      "failed to fetch secret " + base + "none from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
			db + "::none:":     "failed to fetch secret " + db + " from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: none",
			db + ":password::": "retrieved secret from Secrets Manager did not contain json key password",
			plain + ":key::":   "invalid character 'p' looking for beginning of value",
			db + ":user":       "unexpected ARN format with parameters when trying to retrieve ASM secret",
		} {
			in := l.webDefinition("bad", publicImage)
			in.ContainerDefinitions[0].Secrets = []ecstypes.Secret{{Name: aws.String("A"), ValueFrom: &ref}}
			out, err := l.ecs.RunTask(l.ctx, &ecs.RunTaskInput{Cluster: aws.String("main"), TaskDefinition: aws.String(l.registered(in)), NetworkConfiguration: l.inSubnets()})
			l.ok(err)
			time.Sleep(2 * time.Minute)
			task, err := l.ecs.DescribeTasks(l.ctx, &ecs.DescribeTasksInput{Cluster: aws.String("main"), Tasks: []string{*out.Tasks[0].TaskArn}})
			l.ok(err)
			if got := aws.ToString(task.Tasks[0].StoppedReason); got != failed+why {
				t.Errorf("%s: stopped because of\n%s\nwant\n%s", ref, got, failed+why)
			}
		}
	})
}
