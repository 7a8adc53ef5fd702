// The pages' own script.
