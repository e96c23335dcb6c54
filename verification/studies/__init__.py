"""Measured tables that give no verdict."""
