// Command prog is what the containers of the tests run, from an image without
// any other file.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

func main() {
	switch os.Args[1] {
	case "sleep":
		fmt.Println("sleeping")
		time.Sleep(time.Hour)
	case "three":
		fmt.Println("one")
		time.Sleep(500 * time.Millisecond)
		fmt.Fprintln(os.Stderr, "two")
		time.Sleep(500 * time.Millisecond)
		fmt.Println("three")
	case "upper":
		sc := bufio.NewScanner(os.Stdin)
		for sc.Scan() {
			fmt.Println(strings.ToUpper(sc.Text()))
		}
		os.Exit(6)
	case "size":
		for range 200 {
			if w, h, err := term.GetSize(0); err == nil && w == 123 && h == 45 {
				fmt.Print("resized")
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		os.Exit(1)
	}
}
