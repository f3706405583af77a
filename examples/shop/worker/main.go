// Command worker ships one order after the other. It has no port: it is ready
// when it runs, and it ends the order under way when ECS sends SIGTERM.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ecsail/ecsail/examples/shop/internal/serve"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("service", "worker"))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	slog.Info("working")
	for {
		var shipped struct {
			ID   int
			Item string
		}
		switch err := serve.Post(context.WithoutCancel(ctx), os.Getenv("ORDERS")+"/ship", &shipped); {
		case err != nil:
			slog.Warn("orders cannot be reached", "error", err)
		case shipped.ID > 0:
			slog.Info("shipped", "order", shipped.ID, "item", shipped.Item)
		}
		select {
		case <-ctx.Done():
			slog.Info("stopping")
			return
		case <-time.After(2 * time.Second):
		}
	}
}
