package main

import "example.org/tides/gauge"

func depth(g gauge.Gauge, chart float64) float64 {
	return chart + g.Level()
}

func main() {
	println(depth(gauge.NewFixed(1.5), 9))
}
