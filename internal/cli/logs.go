package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/ui"
)

// logsFlags are the flags of logs, named as docker's and kubectl's.
type logsFlags struct {
	follow    bool
	since     string
	until     string
	filter    string
	tail      int
	container string
	json      bool
	noPrefix  bool
	times     bool
}

// lastLines is how many lines logs shows when nothing says how many.
const lastLines = 100

func (a *app) logsCommand() *cobra.Command {
	f := logsFlags{tail: lastLines}
	cmd := &cobra.Command{
		Use:   "logs [SERVICE | TASK]...",
		Short: "Show what services write, several interleaved",
		Long: `Show the output of services, in order of time, each line with its service and
task in front: all services of the environment, or those that are named. A task
is named by its id, or as much of it as is unique, as status -v and the lines
themselves show it; also one that stopped long ago, as long as its logs are kept.

Without --since the last 100 lines are shown. --follow goes on until it is
interrupted, and then exits with 130, as kubectl and docker do. Here -f means
--follow; another manifest is named with --file.

--filter takes CloudWatch's filter patterns: words that must all occur, ?either
?or, -without, "a phrase", %regular expression%, { $.json = "fields" }.`,
		Example: `  ecsail logs web -f
  ecsail logs web worker --since 10m --filter '?ERROR ?WARN'
  ecsail logs 3f2a1b --tail -1
  ecsail logs --since 2026-03-01T10:00:00Z --until 2026-03-01T10:05:00Z --json`,
		ValidArgsFunction: a.completeServices,
	}
	fl := cmd.Flags()
	fl.StringVar(&a.flags.file, "file", defaultFile, "manifest to read (here -f is --follow)")
	fl.BoolVarP(&f.follow, "follow", "f", false, "go on with what is written from now on")
	fl.StringVar(&f.since, "since", "", "only lines since a time, or as old as 10m, 2h, 1d")
	fl.StringVar(&f.until, "until", "", "only lines before a time, or older than 10m, 2h, 1d")
	fl.StringVar(&f.filter, "filter", "", "only lines that match this CloudWatch filter `PATTERN`")
	fl.IntVar(&f.tail, "tail", lastLines, "only the last `N` lines in all; -1: all, as with --since")
	fl.StringVar(&f.container, "container", "", "only this container, by default all of a task")
	fl.BoolVarP(&f.times, "timestamps", "t", false, "show when each line was written")
	fl.BoolVar(&f.noPrefix, "no-prefix", false, "do not show who wrote a line")
	fl.BoolVar(&f.json, "json", false, "one JSON object per line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if f.since != "" && !cmd.Flags().Changed("tail") {
			f.tail = -1
		}
		return a.logs(cmd.Context(), args, f)
	}
	return cmd
}

func (a *app) logs(ctx context.Context, words []string, f logsFlags) error {
	q, err := f.query(time.Now())
	if err != nil {
		return err
	}
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	return quietly(ctx, s.logs(ctx, words, q, f))
}

func (s *session) logs(ctx context.Context, words []string, q awsx.LogQuery, f logsFlags) error {
	sources, err := s.logSources(ctx, words, f.container)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		fmt.Fprintf(s.app.err, "Nothing of %s (%s) has logs yet.\n", s.m.App, s.m.Env)
		return nil
	}
	r := &logReader{s: s, sources: sources, query: q, out: s.app.logWriter(f)}
	if f.follow {
		return r.end(r.follow(ctx, f.tail))
	}
	return r.end(r.history(ctx, f.tail, nil))
}

// query is what the flags ask for.
func (f logsFlags) query(now time.Time) (awsx.LogQuery, error) {
	q := awsx.LogQuery{Pattern: f.filter}
	var err error
	if q.From, err = moment("since", f.since, now); err != nil {
		return q, err
	}
	if q.Until, err = moment("until", f.until, now); err != nil {
		return q, err
	}
	switch {
	case f.follow && f.until != "":
		return q, inputf("--until and --follow: what is followed has no end")
	case f.tail < -1:
		return q, inputf("--tail %d: write how many lines, or -1 for all", f.tail)
	case !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until):
		return q, inputf("--since %s and --until %s: nothing lies between them", f.since, f.until)
	}
	return q, nil
}

// quietly makes an error of an interrupt one of which nothing need be said.
func quietly(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &shownError{ctx.Err()}
	}
	return err
}

// logWriter shows lines as the flags want them.
type logWriter struct {
	buffer *bufio.Writer
	line   func(ui.LogLine) error
	now    bool // show each line at once
	lines  int
}

func (a *app) logWriter(f logsFlags) *logWriter {
	return newLogWriter(f, a.out, isTerminal(a.out.w), a.outTheme)
}

func newLogWriter(f logsFlags, to io.Writer, terminal bool, t ui.Theme) *logWriter {
	w := &logWriter{buffer: bufio.NewWriterSize(to, 1<<16), now: terminal}
	text := ui.NewLogs(w.buffer, t, ui.LogStyle{Names: !f.noPrefix, Times: f.times, Terminal: terminal})
	w.line = text.Line
	if f.json {
		w.line = func(l ui.LogLine) error { return ui.WriteLogJSON(w.buffer, l) }
	}
	return w
}

func (w *logWriter) event(e awsx.LogEvent) error {
	w.lines++
	err := w.line(ui.LogLine{At: e.At, Service: e.Service, Container: e.Container, Task: e.Task, Message: strings.TrimRight(e.Message, "\n")})
	if err == nil && w.now {
		err = w.buffer.Flush()
	}
	return err
}

// completeServices completes the services of the manifest that are not named yet.
func (a *app) completeServices(_ *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	m := a.readable()
	if m == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.DeleteFunc(slices.Clone(m.ServiceNames()), func(n string) bool {
		return !strings.HasPrefix(n, begun) || slices.Contains(given, n)
	}), cobra.ShellCompDirectiveNoFileComp
}
