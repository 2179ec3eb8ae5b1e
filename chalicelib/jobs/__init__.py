"""Jobs: what buyers want to have done. Drafted, looked at where the policy says so, open for proposals, closed."""
