//go:build !linux

package bench

func processUsage() usage { return usage{} }
