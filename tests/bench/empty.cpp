// A program that does nothing, linked as kra is: what the machine needs at least to start one.
int main() { return 0; }
