/// Runs outside programs.
public enum Runner {}
