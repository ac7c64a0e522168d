"""Tests of playingage.media."""
