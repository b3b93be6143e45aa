"""Pair: what both adapters make of their settings, and keep between the calls of one pair."""
