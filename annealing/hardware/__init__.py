"""Annealers as machines: chips, embedding, chains; in software, or through a vendor's client."""
